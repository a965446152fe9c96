import type {
  Cursor,
  EventLog,
  LogBounds,
  LogEntry,
  LogFollower,
  LogReading,
  NewLogEntry,
} from '../../src/log/event-log.ts'
import { MemoryLog } from '../../src/log/memory-log.ts'

/** Observes what a log stores and what it passes to its follower, each time before the follower receives it. */
export interface LogWatcher {
  /** A log starts, empty. */
  began?(head: Cursor): void
  appended?(entry: LogEntry): void
  /**
   * Whether the log still has everything that was held back from the follower. If not, the follower gets a reset at
   * once.
   */
  canGoOn?(): boolean
  started?(head: Cursor, backlog: readonly LogEntry[]): void
  passedOn?(batch: readonly LogEntry[]): void
  /** Called before and after the follower's `reset`. */
  resetting?(head: Cursor, reason: 'trimmed' | 'log-changed', reset: () => void): void
}

/** A log of this process with the faults of a log behind a network, when the test asks for them. */
export class FaultyLog implements EventLog {
  /** Reads wait for {@link releaseReads}. */
  readsHeld = false
  /** How many of the next reads are rejected. */
  failures = 0
  /** A read returns at most this many, whatever its limit. */
  pageLength: number = Number.POSITIVE_INFINITY
  /** The number of reads. */
  reads = 0
  /** The highest number of concurrent reads. */
  mostReads = 0
  #running = 0
  readonly #bounds: Partial<LogBounds>
  readonly #watcher: LogWatcher
  #inner: MemoryLog
  #head: Cursor = ''
  #follower: LogFollower | undefined
  #backlog: LogBounds = { length: 0, bytes: 0 }
  #startHeld: boolean
  #started = false
  #followHeld = false
  readonly #held: LogEntry[] = []
  readonly #waitingReads: (() => void)[] = []
  #end: () => void = () => {}

  constructor(bounds: Partial<LogBounds> = {}, { startHeld = false, watcher = {} as LogWatcher } = {}) {
    this.#bounds = bounds
    this.#startHeld = startHeld
    this.#watcher = watcher
    this.#inner = this.#begin()
  }

  append(entry: NewLogEntry): Promise<Cursor> {
    return this.#inner.append(entry)
  }

  async read(after: Cursor, { length, bytes }: LogBounds, signal?: AbortSignal): Promise<LogReading> {
    this.reads++
    this.mostReads = Math.max(this.mostReads, ++this.#running)
    try {
      if (this.readsHeld) await new Promise<void>((resolve) => this.#waitingReads.push(resolve))
      if (this.failures > 0) {
        this.failures--
        throw new Error('The log cannot be read.')
      }
      return await this.#inner.read(after, { length: Math.min(length, this.pageLength), bytes }, signal)
    } finally {
      this.#running--
    }
  }

  follow(follower: LogFollower, { backlog }: { backlog: LogBounds }): Promise<void> {
    this.#follower = follower
    this.#backlog = backlog
    if (!this.#startHeld) this.releaseStart()
    return new Promise((resolve) => {
      this.#end = resolve
    })
  }

  async close(): Promise<void> {
    await this.#inner.close()
    this.releaseReads()
    this.#end()
  }

  /** The engine can be reached for the first time. */
  releaseStart(): void {
    this.#startHeld = false
    const follower = this.#follower
    if (this.#started || follower === undefined) return
    this.#started = true
    this.#held.length = 0
    let backlog: readonly LogEntry[] = []
    const inner = this.#inner
    const snapshot: LogFollower = {
      start: (_, entries) => {
        backlog = entries
      },
      entries: () => {},
      reset: () => {},
      state: () => {},
    }
    // Only for its backlog; it ends with the log.
    void inner.follow(snapshot, { backlog: this.#backlog })
    this.#watcher.started?.(this.#head, backlog)
    follower.start(this.#head, backlog)
    follower.state(true)
  }

  /** Entries wait for {@link releaseFollower}: this process lags behind the log. */
  holdFollower(): void {
    this.#followHeld = true
  }

  releaseFollower(): void {
    this.#followHeld = false
    this.#passOn(this.#held.splice(0))
  }

  releaseReads(): void {
    this.readsHeld = false
    for (const resolve of this.#waitingReads.splice(0)) resolve()
  }

  /** What was held back is lost permanently: the follower gets a reset. */
  lose(): void {
    this.#held.length = 0
    this.#followHeld = false
    this.#reset('trimmed')
  }

  /** The engine loses everything and starts empty. */
  restart(): void {
    this.#held.length = 0
    void this.#inner.close()
    this.#inner = this.#begin()
    this.#reset('log-changed')
  }

  #begin(): MemoryLog {
    const inner = new MemoryLog(this.#bounds)
    const recorder: LogFollower = {
      start: (head) => {
        this.#head = head
        this.#watcher.began?.(head)
      },
      entries: (batch) => {
        for (const entry of batch) {
          this.#head = entry.cursor
          this.#watcher.appended?.(entry)
        }
        if (this.#followHeld) this.#held.push(...batch)
        else this.#passOn(batch)
        if (this.#watcher.canGoOn?.() === false) this.lose()
      },
      reset: () => {},
      state: () => {},
    }
    void inner.follow(recorder, { backlog: { length: 0, bytes: 0 } })
    return inner
  }

  #passOn(batch: readonly LogEntry[]): void {
    if (!this.#started || batch.length === 0) return
    this.#watcher.passedOn?.(batch)
    this.#follower?.entries(batch)
  }

  #reset(reason: 'trimmed' | 'log-changed'): void {
    if (!this.#started) return
    const reset = () => this.#follower?.reset(this.#head, reason)
    if (this.#watcher.resetting === undefined) reset()
    else this.#watcher.resetting(this.#head, reason, reset)
  }
}
