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
 * A log between the code under test and another log, its engine. It simulates failures between the two exactly when the
 * test asks for them, and never by chance or by the clock. Several on one engine act as processes that share it: each
 * has its own faults, and `close` leaves the engine open.
 *
 * @example
 * const log = new FaultyLog(new MemoryLog())
 * const hub = createHub({ log })
 * log.fail('append', { stored: true })
 * await hub.publish('news', { data: 'x' }) // rejects, although all streams receive it
 */
export class FaultyLog implements EventLog {
  readonly #engine: EventLog
  readonly #gates = { append: new Gate(), read: new Gate(), entries: new Gate(), follow: new Gate() }
  /** For each of the next calls that fail: whether the entry is stored nevertheless. */
  readonly #fails = { append: [] as boolean[], read: [] as boolean[] }
  readonly #outlets = new Set<Outlet>()
  readonly #seen: Cursor[] = []
  readonly #dropped = new Set<Cursor>()
  readonly #onClose: (() => void)[] = []
  /** Set while the engine cannot be reached: makes it reachable again. */
  #restore: (() => void) | undefined
  #closed = false

  /**
   * @param engine - the log that does the work; `trim` remembers its newest million entries
   */
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
   * Holds calls back until the returned function is called: appends and reads before they reach the engine, entries
   * before they reach the followers. Then they continue in order, the entries as one batch for each follower. Holding
   * all three simulates a network that drops everything.
   */
  hold(what: 'append' | 'read' | 'entries'): () => void {
    return this.#gates[what].hold()
  }

  /**
   * Makes the next calls reject, `times` of them (default: 1). With `stored`, an append is stored nevertheless and only
   * its answer is lost (default: false).
   */
  fail(
    what: 'append' | 'read',
    { times = 1, stored = false }: { times?: number; stored?: boolean } = {},
  ): void {
    for (let n = 0; n < times; n++) this.#fails[what].push(stored)
  }

  /**
   * Drops all entries but the newest `keep` (default: 0). A read across them returns a gap. If they are held back from
   * a follower, it receives a reset instead.
   */
  trim(keep = 0): void {
    for (const cursor of this.#seen.splice(0, Math.max(0, this.#seen.length - keep)))
      this.#dropped.add(cursor)
  }

  /**
   * Drops all entries, and reports lost continuity to every follower: at once, or when its entries are no longer held
   * back.
   */
  reset(reason: ResetReason): void {
    this.trim()
    for (const outlet of this.#outlets) outlet.resetTo(reason)
  }

  /**
   * Disconnects the engine: appends and reads reject, a follow does not start, and followers are called only with the
   * state. Entries that others store meanwhile are delivered after {@link up}.
   */
  down(): void {
    if (this.#restore !== undefined) return
    const releases = [this.#gates.follow.hold(), this.#gates.entries.hold()]
    this.#restore = () => {
      for (const release of releases) release()
    }
    for (const { follower } of this.#outlets) follower.state(false, unreachable())
  }

  /** Reverses {@link down}. */
  up(): void {
    const restore = this.#restore
    if (restore === undefined) return
    this.#restore = undefined
    for (const { follower } of this.#outlets) follower.state(true)
    restore()
  }

  async append(entry: NewLogEntry): Promise<Cursor> {
    // The caller may change it while it is held back.
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
