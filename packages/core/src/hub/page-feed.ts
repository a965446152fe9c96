import type { Cursor } from '../log/event-log.ts'
import { nextTurn } from '../process/clock.ts'
import type { EventStream } from '../stream/event-stream.ts'
import { CatchUp, type CatchUpSource, type CatchUpStep, type PageStep } from './catch-up.ts'
import type { ChannelSet } from './channel-set.ts'
import type { HubEntry } from './hub-entry.ts'
import type { Outlet } from './outlet.ts'
import { collect, type Run } from './run.ts'
import type { Selection } from './selection.ts'

/** After this many entries that do not match, the client receives a bookmark, from which it can resume. */
const BOOKMARK_EVERY = 10_000

/** Pages that other streams have read are taken without a wait. After this many, other work of the process runs. */
const PAGES_A_TURN = 16

/** The stream that receives the entries. */
interface FedStream {
  readonly stream: EventStream
  readonly channels: ChannelSet
  readonly selection: Selection | undefined
  readonly outlet: Outlet
}

/** Hands the log to one stream, page by page and at its client's pace, until its position is in the tail. */
export class PageFeed {
  /** All entries up to this cursor were handed over. */
  cursor: Cursor
  readonly #fed: FedStream
  readonly #stopped = new AbortController()
  readonly #catchUp: CatchUp
  #onRoom: (() => void) | undefined
  /** Entries of the log since an id was last sent to the client. */
  #scanned = 0

  /**
   * @param held - whether `cursor` was in the tail, and fell off it
   */
  constructor(source: CatchUpSource, fed: FedStream, cursor: Cursor, held: boolean) {
    this.cursor = cursor
    this.#fed = fed
    this.#catchUp = new CatchUp(source, fed.channels, held, this.#stopped.signal)
  }

  /**
   * Resolves with the next step after the pages, or undefined if it was stopped. Rejects with an error that the app's
   * `filter` or `coalesce` threw.
   */
  async run(): Promise<Exclude<CatchUpStep, PageStep> | undefined> {
    const { signal } = this.#stopped
    try {
      for (let pages = 1; ; pages++) {
        const step = this.#catchUp.now(this.cursor) ?? (await this.#catchUp.next(this.cursor))
        if (signal.aborted) return undefined
        if (step === 'reconnect' || !('page' in step)) return step
        // Entries without room are read again later. Otherwise each client that does not read would hold a page.
        if (!this.#take(step)) await this.#room()
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

  /** Stops, because the stream has ended or moved to another position. */
  stop(): void {
    this.#stopped.abort()
    this.onRoom()
  }

  onRoom(): void {
    this.#onRoom?.()
  }

  /** Hands over entries of a page while there is room. Returns whether there is still room. */
  #take({ page, from, passed }: PageStep): boolean {
    const { stream, channels, selection, outlet } = this.#fed
    this.#scanned += passed
    const entries = page.of(channels.names, from)
    for (let at = 0; at < entries.length; ) {
      const run = selection?.fromPage(entries, at) ?? collect(entries, at, entries.length, ({ text }) => text)
      if (this.#stopped.signal.aborted) {
        if (!stream.closed) outlet.deliverLast(run)
        return false
      }
      at = run.next
      this.cursor = at < entries.length ? (entries[at - 1] as HubEntry).cursor : page.end
      const hasRoom = this.#deliver(run)
      if (selection?.failure !== undefined) throw selection.failure.error
      if (!hasRoom) return false
    }
    this.cursor = page.end
    this.#scanned += page.length - from
    if (this.#scanned < BOOKMARK_EVERY) return true
    this.#scanned = 0
    outlet.sent = this.cursor
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
