import type { LogBounds, LogFollower } from '@downstream/core'
import { Backoff } from '../connection/backoff.ts'
import type { GuardedConnection } from '../connection/guarded-connection.ts'
import { refusal } from '../connection/refusal.ts'
import { type Greet, TimeoutError } from '../connection/session.ts'
import { formatCursor, type Position } from '../stream/cursor.ts'
import type { LogPages } from '../stream/log-pages.ts'
import { PageSize } from '../stream/page-size.ts'
import { RedisStream } from '../stream/redis-stream.ts'
import { futureMark, type Row, rowBytes } from '../stream/row.ts'
import { readBacklog } from './backlog.ts'
import type { Confirmation } from './confirmed.ts'
import { Continuity } from './continuity.ts'
import { FollowerState } from './follower-state.ts'
import { guardedFollower } from './guarded-follower.ts'
import { HistoryCheck } from './history-check.ts'
import { Losses, type LossSource } from './losses.ts'

/** How many ms Redis waits for entries before it answers that there are none. */
const BLOCK = 2_000
/** The limits of one read. */
const LENGTH = 1_000
const BYTES = 1_048_576
/**
 * The pause between two reads that find entries, in ms. A single event does not wait, because a read already waits for
 * it. Without the pause, each of many events would cost a read of its own, ten times the price of an entry.
 */
const PAUSE = 10
/** How many ms late an answer may be before the follower counts as lagging. */
const LATE = 1_000

/** The parts of the log that a follower uses. */
export interface FollowedLog extends LossSource {
  readonly key: string
  /** Opens a connection for one follower alone: it waits there for entries. */
  connect(greet: Greet): GuardedConnection
  /** Aborts when the log is closed. */
  readonly signal: AbortSignal
  readonly pages: LogPages
}

/**
 * Passes every entry of the stream to one follower, in order; if that cannot be proven, it reports a loss.
 * `continuity.ts` decides what is proven. This file sends the commands for it.
 */
export class StreamFollower {
  readonly #log: FollowedLog
  readonly #connection: GuardedConnection
  readonly #stream: RedisStream
  readonly #follower: LogFollower
  readonly #state: FollowerState
  readonly #history: HistoryCheck
  readonly #backlog: LogBounds
  readonly #continuity: Continuity
  readonly #losses: Losses
  readonly #size = new PageSize(LENGTH)
  readonly #backoff = new Backoff()
  /** Replication id of the connected server; '' if unknown. */
  #server = ''
  #foreign = 0
  /**
   * When it had last read all that was in the stream, by `performance.now()`; and whether the last read reached the
   * end.
   */
  #completeAt = performance.now()
  #atEnd = false
  #wake: () => void = () => {}

  constructor(log: FollowedLog, follower: LogFollower, backlog: LogBounds) {
    this.#log = log
    this.#connection = log.connect(async (send) => {
      this.#server = await log.identify(send)
    })
    this.#stream = new RedisStream(this.#connection, log.key)
    this.#follower = guardedFollower(follower)
    this.#state = new FollowerState(this.#follower)
    this.#history = new HistoryCheck(this.#stream, log.maxLength)
    this.#backlog = backlog
    this.#continuity = new Continuity(log.pages.repeated)
    this.#losses = new Losses(log, this.#connection, this.#stream, this.#continuity)
  }

  /** Its position; undefined before the start. */
  get position(): Position | undefined {
    return this.#continuity.position
  }

  /** The longest time in ms that an unread entry of the stream may have waited. */
  get behind(): number {
    const since = performance.now() - this.#completeAt
    // If there are no entries, a read is answered only after BLOCK, so a missing answer means nothing until then.
    return this.#atEnd && since < BLOCK + LATE ? 0 : Math.round(since)
  }

  /** Records an entry that Redis has confirmed to this process. This follower must read it at some time. */
  confirm(confirmation: Confirmation): void {
    this.#continuity.confirm(confirmation)
  }

  /** Reports a problem although the log works, once for each topic. */
  warn(topic: string, error: unknown): void {
    this.#state.warn(topic, error)
  }

  /** Resolves when the log is closed. */
  async run(): Promise<void> {
    const { signal } = this.#log
    while (!signal.aborted) {
      try {
        const { position } = this.#continuity
        if (position === undefined) await this.#start()
        else await this.#readOn(position)
        this.#backoff.reset()
      } catch (cause) {
        if (signal.aborted) break
        const error = refusal(cause)
        this.#atEnd = false
        this.#connection.drop(error)
        this.#state.down(error)
        await this.#sleep(this.#backoff.next())
      }
    }
    this.close()
  }

  /** Ends all waits. */
  close(): void {
    this.#connection.close()
    this.#wake()
  }

  async #start(): Promise<void> {
    await this.#stream.head(this.#server)
    const backlog = await readBacklog(this.#stream, this.#backlog, await this.#log.ageLimit?.oldest())
    if (this.#log.signal.aborted) return
    const entries = this.#continuity.start(backlog, this.#server)
    this.#follower.start(formatCursor(backlog.head), entries)
    void this.#reportState()
  }

  async #readOn(position: Position): Promise<void> {
    const asked = performance.now()
    const count = this.#size.count(BYTES)
    const rows = await this.#stream.readAfter(position, count, BLOCK).catch((error) => {
      // The answer may have been too large to arrive in time.
      if (error instanceof TimeoutError) this.#size.failed()
      throw error
    })
    if (rows === undefined) return this.#recover(position)
    if (this.#log.signal.aborted) return
    this.#size.arrived(rows.length, weigh(rows))
    this.#atEnd = rows.length < count
    if (this.#atEnd) this.#completeAt = asked
    this.#pass(rows)
    if (rows.length < count) await this.#losses.check(asked, this.#server)
    await this.#checkUp(rows.length)
    if (rows.length > 0 && rows.length < count) await this.#sleep(PAUSE)
  }

  #pass(rows: readonly Row[]): void {
    const end = rows.findIndex(({ unreadable }) => unreadable === 'future')
    const passed = end < 0 ? rows : rows.slice(0, end)
    for (const step of this.#continuity.pass(passed, this.#server)) {
      if ('entries' in step) this.#follower.entries(step.entries)
      else this.#follower.reset(formatCursor(step.reset), 'log-changed')
    }
    this.#countForeign(passed)
    if (end >= 0) throw futureMark()
  }

  /** Handles the loss of the entry that was read last: continues at the end, with a gap. */
  async #recover(position: Position): Promise<void> {
    const { head, reason } = await this.#losses.recover(position, this.#server)
    if (this.#log.signal.aborted) return
    this.#history.reset()
    this.#follower.reset(formatCursor(head), reason)
  }

  /** Does the work besides reading: the state of the log, `maxAge`, and whether `maxLength` is the same everywhere. */
  async #checkUp(rows: number): Promise<void> {
    void this.#reportState()
    const { ageLimit } = this.#log
    // An age limit drops entries on purpose, so the history may be short.
    if (ageLimit !== undefined) return ageLimit.trim()
    const short = await this.#history.passed(rows)
    if (short !== undefined) this.warn('maxLength', short)
  }

  /** Reports the state. The follower can read; the log is up only if events can be published as well. */
  async #reportState(): Promise<void> {
    const { publisher, signal } = this.#log
    const trouble = publisher.trouble && (await publisher.retry())
    if (signal.aborted) return
    if (trouble === undefined) this.#state.up()
    else this.#state.down(refusal(trouble))
  }

  #countForeign(rows: readonly Row[]): void {
    const before = this.#foreign
    for (const { unreadable } of rows) if (unreadable === 'foreign') this.#foreign++
    if (this.#foreign === before) return
    // Reported at 1, 10, 100 and so on.
    this.warn(
      `foreign ${String(this.#foreign).length}`,
      new Error(
        `Another program writes to the stream ${this.#log.key}: ${this.#foreign} rows were skipped. ` +
          'Set another key for the log, or in that program.',
      ),
    )
  }

  /**
   * The timer keeps the process alive, as a connection does. Otherwise a process that awaits hub.ready() could exit for
   * lack of other work.
   */
  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#log.signal.aborted ? 0 : ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

function weigh(rows: readonly Row[]): number {
  return rows.reduce((sum, row) => sum + rowBytes(row), 0)
}
