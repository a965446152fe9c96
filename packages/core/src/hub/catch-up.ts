import type { Cursor } from '../log/event-log.ts'
import { clock } from '../process/clock.ts'
import type { GapReason } from './control-event.ts'
import type { PageReading } from './log-reader.ts'
import type { Page } from './page.ts'
import type { PagePlace } from './recent-pages.ts'
import type { Tail } from './tail.ts'

/** What is read from. */
export interface CatchUpSource {
  readonly tail: Tail
  readonly maxResume: number
  /** What follows `place`, when it was read a moment ago. */
  recent(place: Cursor): PagePlace | undefined
  read(place: Cursor, signal: AbortSignal): Promise<PageReading>
  /** Resolves when entries came in, when the engine is reached again, or after a while. */
  moved(signal: AbortSignal): Promise<void>
}

/** What comes next for a reader. */
export type CatchUpStep =
  /** The entries of a page from the index `from` on. */
  | { readonly page: Page; readonly from: number }
  /** Its place is at this position of the tail. */
  | { readonly position: number }
  /** Events may be missing. It continues with the oldest entry of the tail, or at its end. */
  | GapStep
  /** This process has not read the log far enough to decide: the client must reconnect, here or to another process. */
  | 'leave'

/** Why something may be missing, and where the reader goes on. */
export interface GapStep {
  readonly gap: GapReason
  readonly goOn: 'oldest' | 'end'
}

/** How long, in ms, a reader's cursor may be in the log but not in the tail, because this process lags. */
const AHEAD_LIMIT = 10_000

/** Reads the log from a place that is not in the tail, page by page, until it is. */
export class CatchUp {
  /** The client reads slowly, or its place fell off the tail: what the log drops now, it drops because of that. */
  slow: boolean
  readonly #source: CatchUpSource
  readonly #signal: AbortSignal
  #read = 0
  #aheadSince: number | undefined

  /** @param signal - the reader is over: what is read for it is dropped */
  constructor(source: CatchUpSource, slow: boolean, signal: AbortSignal) {
    this.#source = source
    this.slow = slow
    this.#signal = signal
  }

  /** What needs no read, because another reader has done it; undefined when one is necessary. */
  now(place: Cursor): CatchUpStep | undefined {
    const position = this.#source.tail.positionAfter(place)
    if (position !== undefined) return { position }
    const recent = this.#source.recent(place)
    return recent === undefined ? undefined : this.#take(recent)
  }

  /** Rejects with the signal's reason, and with nothing else: a log that cannot be read is asked again. */
  async next(place: Cursor): Promise<CatchUpStep> {
    for (;;) {
      const reading = await this.#readPage(place)
      const position = this.#source.tail.positionAfter(place)
      if (position !== undefined) return { position }
      if (reading === undefined) continue
      if (reading.gap) return this.#gap(reading.reason)
      if (reading.page.length > reading.from) return this.#take(reading)
      // The client comes from a process that is further than this one.
      this.#aheadSince ??= clock.now()
      if (clock.now() - this.#aheadSince > AHEAD_LIMIT) return 'leave'
      await this.#source.moved(this.#signal)
      this.#signal.throwIfAborted()
    }
  }

  #take({ page, from }: PagePlace): CatchUpStep {
    this.#read += page.length - from
    return this.#read > this.#source.maxResume ? { gap: 'too-far', goOn: 'end' } : { page, from }
  }

  /** Undefined when that is not necessary, or when the log could not be read: that is no gap. */
  async #readPage(place: Cursor): Promise<PageReading | undefined> {
    if (this.#source.tail.positionAfter(place) !== undefined) return undefined
    try {
      const reading = await this.#source.read(place, this.#signal)
      this.#signal.throwIfAborted()
      return reading
    } catch {
      this.#signal.throwIfAborted()
      await this.#source.moved(this.#signal)
      this.#signal.throwIfAborted()
      return undefined
    }
  }

  /** The reason, and where to continue. Only if the tail dropped the entries itself is exactly known which are missing. */
  #gap(reason: 'expired' | 'malformed' | 'log-changed'): CatchUpStep {
    if (reason === 'expired' && this.slow) return { gap: 'slow', goOn: 'oldest' }
    return { gap: reason, goOn: 'end' }
  }
}
