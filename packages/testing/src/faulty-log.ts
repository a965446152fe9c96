import {
  type Cursor,
  type EventLog,
  type LogBounds,
  type LogEntry,
  type LogFollower,
  type LogReading,
  type NewLogEntry,
  SseError,
} from '@downstream/core'
import { Gate } from './gate.ts'
import { Outlet, type ResetReason } from './outlet.ts'

/**
 * A log between the code under test and another log, its engine: what can go wrong between the two goes wrong when the
 * test says so, never by chance or by the clock. Several on one engine are the processes that share it; each has its
 * faults for itself, and `close` leaves the engine open.
 *
 * @example
 * const log = new FaultyLog(new MemoryLog())
 * const hub = createHub({ log })
 * log.fail('append', { stored: true })
 * await hub.publish('news', { data: 'x' }) // rejects, and yet all streams receive it
 */
export class FaultyLog implements EventLog {
  readonly #engine: EventLog
  readonly #gates = { append: new Gate(), read: new Gate(), entries: new Gate(), follow: new Gate() }
  /** For each of the next calls that fail: whether it is done all the same. */
  readonly #fails = { append: [] as boolean[], read: [] as boolean[] }
  readonly #outlets = new Set<Outlet>()
  readonly #seen: Cursor[] = []
  readonly #dropped = new Set<Cursor>()
  readonly #onClose: (() => void)[] = []
  /** While the engine cannot be reached: makes it reachable. */
  #restore: (() => void) | undefined
  #closed = false

  /** @param engine - the log that does the work; `trim` knows of its newest million entries */
  constructor(engine: EventLog) {
    this.#engine = engine
    const see = (batch: readonly LogEntry[]) => {
      for (const { cursor } of batch) this.#seen.push(cursor)
    }
    const recorder = {
      start: (_: Cursor, b: readonly LogEntry[]) => see(b),
      entries: see,
      reset() {},
      state() {},
    }
    engine
      .follow(recorder, { backlog: { length: 1_000_000, bytes: Number.MAX_SAFE_INTEGER } })
      .catch(() => {})
  }

  /**
   * Holds calls back until the returned function is called: appends and reads on their way to the engine, entries on
   * theirs to the followers. They continue in their order, the entries as one batch for each follower. All three
   * held is a network that swallows everything.
   */
  hold(what: 'append' | 'read' | 'entries'): () => void {
    return this.#gates[what].hold()
  }

  /**
   * Makes the next calls reject, `times` of them (default 1). With `stored` an append is stored all the same, only its
   * answer is lost (default false).
   */
  fail(
    what: 'append' | 'read',
    { times = 1, stored = false }: { times?: number; stored?: boolean } = {},
  ): void {
    for (let n = 0; n < times; n++) this.#fails[what].push(stored)
  }

  /**
   * Drops all entries but the newest `keep` (default 0): reads across them are a gap, and a follower from whom they
   * are held back is reset instead.
   */
  trim(keep = 0): void {
    for (const cursor of this.#seen.splice(0, Math.max(0, this.#seen.length - keep)))
      this.#dropped.add(cursor)
  }

  /** Drops all entries, and tells every follower that continuity is lost: at once, or when it may hear again. */
  reset(reason: ResetReason): void {
    this.trim()
    for (const outlet of this.#outlets) outlet.resetTo(reason)
  }

  /**
   * Cuts the engine off: appends and reads reject, a follow does not start, and followers are called with the state and nothing else.
   * What others store meanwhile comes after {@link up}.
   */
  down(): void {
    if (this.#restore !== undefined) return
    const releases = [this.#gates.follow.hold(), this.#gates.entries.hold()]
    this.#restore = () => {
      for (const release of releases) release()
    }
    for (const { follower } of this.#outlets) follower.state(false, unreachable())
  }

  /** Undoes {@link down}. */
  up(): void {
    const restore = this.#restore
    if (restore === undefined) return
    this.#restore = undefined
    for (const { follower } of this.#outlets) follower.state(true)
    restore()
  }

  async append(entry: NewLogEntry): Promise<Cursor> {
    // Its owner may change it while it is held.
    const copy = { ...entry }
    return this.#gates.append.pass(async () => {
      if (this.#closed) throw new SseError('ERR_SSE_LOG_CLOSED', 'The log is closed.')
      if (this.#restore !== undefined) throw unreachable()
      const stored = this.#fails.append.shift()
      if (stored === false) throw failed('append', 'it is not stored')
      const cursor = await this.#engine.append(copy)
      if (stored === true) throw failed('append', 'it is stored')
      return cursor
    })
  }

  async read(after: Cursor, bounds: LogBounds, signal?: AbortSignal): Promise<LogReading> {
    const read = this.#gates.read.pass(async () => {
      signal?.throwIfAborted()
      if (this.#restore !== undefined) throw unreachable()
      if (this.#fails.read.shift() !== undefined) throw failed('read', 'try again')
      const reading = await this.#engine.read(after, bounds, signal)
      const [first] = reading.gap ? [] : reading.entries
      const dropped = first !== undefined && this.#dropped.has(first.cursor)
      return dropped ? ({ gap: true, reason: 'expired' } as const) : reading
    })
    return signal === undefined ? read : Promise.race([read, aborted(signal)])
  }

  follow(follower: LogFollower, { backlog }: { backlog: LogBounds }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onClose.push(resolve)
      if (this.#closed) resolve()
      this.#gates.follow.run(() => {
        if (this.#closed) return
        const outlet = new Outlet(follower, this.#gates.entries, this.#dropped)
        this.#outlets.add(outlet)
        this.#engine.follow(outlet, { backlog }).then(resolve, reject)
      })
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const outlet of this.#outlets) outlet.closed = true
    this.#outlets.clear()
    for (const gate of Object.values(this.#gates)) gate.open()
    for (const end of this.#onClose.splice(0)) end()
  }
}

/** Rejects when the signal aborts. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function unreachable(): Error {
  return new Error('The engine cannot be reached: FaultyLog.down() was called.')
}

function failed(what: string, consequence: string): Error {
  return new Error(`This ${what} fails because FaultyLog.fail() was called: ${consequence}.`)
}
