import type { Cursor } from '../log/event-log.ts'
import { nextTurn } from '../process/clock.ts'
import type { EventStream } from '../stream/event-stream.ts'
import { CatchUp, type CatchUpSource, type CatchUpStep } from './catch-up.ts'
import type { ChannelSet } from './channel-set.ts'
import type { HubEntry } from './hub-entry.ts'
import type { Outlet } from './outlet.ts'
import type { Page } from './page.ts'
import { collect, type Run } from './run.ts'
import type { Selection } from './selection.ts'

/** After so many entries that do not match, a client gets a bookmark: if it disconnects, it resumes from there. */
const BOOKMARK_EVERY = 10_000

/** Pages that were read for others cost no wait: so many of them are looked at before others have their turn. */
const PAGES_A_TURN = 16

/** The stream that is fed. */
interface FedStream {
  readonly stream: EventStream
  readonly channels: ChannelSet
  readonly selection: Selection | undefined
  readonly outlet: Outlet
}

/** Hands the log to one stream page by page, at its client's pace, until its place is in the tail. */
export class PageFeed {
  /** Every entry before it was handed over. */
  place: Cursor
  readonly #fed: FedStream
  readonly #stopped = new AbortController()
  readonly #catchUp: CatchUp
  #onRoom: (() => void) | undefined
  /** Entries of the log since its client was sent an id. */
  #scanned = 0

  /** @param held - `place` was in the tail, and fell off it */
  constructor(source: CatchUpSource, fed: FedStream, place: Cursor, held: boolean) {
    this.place = place
    this.#fed = fed
    this.#catchUp = new CatchUp(source, held, this.#stopped.signal)
  }

  /**
   * Resolves with what comes after the pages; undefined when it was stopped. Rejects with what a function of the app
   * has thrown.
   */
  async run(): Promise<Exclude<CatchUpStep, { page: Page }> | undefined> {
    const { signal } = this.#stopped
    try {
      for (let pages = 1; ; pages++) {
        const step = this.#catchUp.now(this.place) ?? (await this.#catchUp.next(this.place))
        if (signal.aborted) return undefined
        if (step === 'leave' || !('page' in step)) return step
        // What finds no room is read again: a client that does not read holds a place, not a page.
        if (!this.#take(step.page, step.from)) await this.#room()
        if (signal.aborted) return undefined
        this.#catchUp.slow ||= this.#fed.outlet.slow
        if (pages % PAGES_A_TURN > 0) continue
        await nextTurn()
        if (signal.aborted) return undefined
      }
    } catch (error) {
      if (signal.aborted) return undefined
      throw error
    }
  }

  /** The stream is over, or its place is another one. */
  stop(): void {
    this.#stopped.abort()
    this.onRoom()
  }

  onRoom(): void {
    this.#onRoom?.()
  }

  /** Hands over entries of a page for as long as there is room; returns whether there is. */
  #take(page: Page, from: number): boolean {
    const { stream, channels, selection, outlet } = this.#fed
    const entries = page.of(channels.names, from)
    for (let at = 0; at < entries.length; ) {
      const run = selection?.fromPage(entries, at) ?? collect(entries, at, entries.length, ({ text }) => text)
      if (this.#stopped.signal.aborted) {
        if (!stream.closed) outlet.leave(run)
        return false
      }
      at = run.next
      this.place = at < entries.length ? (entries[at - 1] as HubEntry).cursor : page.end
      const hasRoom = this.#deliver(run)
      if (selection?.failure !== undefined) throw selection.failure.error
      if (!hasRoom) return false
    }
    this.place = page.end
    this.#scanned += page.length - from
    if (this.#scanned < BOOKMARK_EVERY) return true
    this.#scanned = 0
    outlet.sent = this.place
    return outlet.bookmark()
  }

  #deliver(run: Run): boolean {
    if (run.text !== '') this.#scanned = 0
    return this.#fed.outlet.deliver(run)
  }

  #room(): Promise<void> {
    if (this.#stopped.signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onRoom = () => {
        this.#onRoom = undefined
        resolve()
      }
    })
  }
}
