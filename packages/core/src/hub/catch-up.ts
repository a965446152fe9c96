import type { Cursor } from '../log/event-log.ts'
import { clock } from '../process/clock.ts'
import type { ChannelSet } from './channel-set.ts'
import type { GapReason } from './control-event.ts'
import type { PageReading } from './log-reader.ts'
import type { Page } from './page.ts'
import type { PagePosition } from './recent-pages.ts'
import type { Tail } from './tail.ts'

/** The source that a {@link CatchUp} reads from. */
export interface CatchUpSource {
  readonly tail: Tail
  readonly maxResume: number
  /** The entries after `cursor`, if they were read a moment ago. */
  recent(cursor: Cursor): PagePosition | undefined
  read(cursor: Cursor, signal: AbortSignal): Promise<PageReading>
  /** Resolves when entries arrived, when the log can be reached again, or after a while. */
  moved(signal: AbortSignal): Promise<void>
}

/** The next step of a reader. */
export type CatchUpStep =
  | PageStep
  /** Continue at this position of the tail. */
  | { readonly position: number }
  /** Report a gap: events may be missing. Continue with the oldest entry of the tail, or at its end. */
  | GapStep
  /** This process has not read the log far enough to decide: the client must reconnect, here or to another process. */
  | 'reconnect'

/** Take the entries of a page from the index `from` on. */
export interface PageStep {
  readonly page: Page
  readonly from: number
  /** How many entries of earlier pages were skipped, because none is for the reader. */
  readonly passed: number
}

/** Why events may be missing, and where the reader continues. */
export interface GapStep {
  readonly gap: GapReason
  readonly continueAt: 'oldest' | 'end'
}

/** How long, in ms, a reader waits while its cursor is newer than the tail, because this process lags. */
const AHEAD_LIMIT = 10_000

/** Reads the log page by page, from a cursor that is not in the tail until the tail is reached. */
export class CatchUp {
  /**
   * Whether the client reads slowly, or its position fell off the tail. If the log drops entries now, the gap's reason
   * is `slow`.
   */
  slow: boolean
  readonly #source: CatchUpSource
  readonly #channels: ChannelSet
  readonly #signal: AbortSignal
  #read = 0
  #aheadSince: number | undefined

  /**
   * @param signal - aborts when the reader ends; the results of its reads are then dropped
   */
  constructor(source: CatchUpSource, channels: ChannelSet, slow: boolean, signal: AbortSignal) {
    this.#source = source
    this.#channels = channels
    this.slow = slow
    this.#signal = signal
  }

  /** The next step if no read is necessary, because another reader has read the page; otherwise undefined. */
  now(cursor: Cursor): CatchUpStep | undefined {
    const position = this.#source.tail.positionAfter(cursor)
    if (position !== undefined) return { position }
    const recent = this.#source.recent(cursor)
    return recent === undefined ? undefined : this.#take(recent)
  }

  /** Rejects only with the signal's reason. A log that cannot be read is tried again. */
  async next(cursor: Cursor): Promise<CatchUpStep> {
    for (;;) {
      const reading = await this.#readPage(cursor)
      const position = this.#source.tail.positionAfter(cursor)
      if (position !== undefined) return { position }
      if (reading === undefined) continue
      if (reading.gap) return this.#gap(reading.reason)
      if (reading.page.length > reading.from) return this.#take(reading)
      // The client was connected to a process that has read further than this one.
      this.#aheadSince ??= clock.now()
      if (clock.now() - this.#aheadSince > AHEAD_LIMIT) return 'reconnect'
      await this.#source.moved(this.#signal)
      this.#signal.throwIfAborted()
    }
  }

  /**
   * Skips pages without entries for the reader. For a channel with few events that is most pages, and each of a hundred
   * readers would otherwise handle all of them.
   */
  #take({ page, from }: PagePosition): CatchUpStep {
    let passed = 0
    while (!page.has(this.#channels.names, from)) {
      const next = this.#source.recent(page.end)
      if (next === undefined) break
      passed += page.length - from
      ;({ page, from } = next)
    }
    this.#read += passed + page.length - from
    return this.#read > this.#source.maxResume
      ? { gap: 'too-far', continueAt: 'end' }
      : { page, from, passed }
  }

  /** Undefined when no read is necessary, and when the log could not be read: a failed read is no gap. */
  async #readPage(cursor: Cursor): Promise<PageReading | undefined> {
    if (this.#source.tail.positionAfter(cursor) !== undefined) return undefined
    try {
      const reading = await this.#source.read(cursor, this.#signal)
      this.#signal.throwIfAborted()
      return reading
    } catch {
      this.#signal.throwIfAborted()
      await this.#source.moved(this.#signal)
      this.#signal.throwIfAborted()
      return undefined
    }
  }

  /** The reason and where to continue. The exact missing entries are known only if the tail itself dropped them. */
  #gap(reason: 'expired' | 'malformed' | 'log-changed'): CatchUpStep {
    if (reason === 'expired' && this.slow) return { gap: 'slow', continueAt: 'oldest' }
    return { gap: reason, continueAt: 'end' }
  }
}
