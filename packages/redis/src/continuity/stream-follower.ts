import type { LogBounds, LogFollower } from '@downstream/core'
import { Backoff } from '../connection/backoff.ts'
import type { GuardedConnection } from '../connection/guarded-connection.ts'
import { refusal } from '../connection/refusal.ts'
import { type Greet, TimeoutError } from '../connection/session.ts'
import { formatCursor, type Place } from '../stream/cursor.ts'
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

/** How long Redis is to wait for entries, in ms, before it answers that there are none. */
const BLOCK = 2_000
/** Rows and bytes of one read. */
const LENGTH = 1_000
const BYTES = 1_048_576
/**
 * Between two reads that find something, in ms. A lone event does not wait, because it meets a read that does; of many
 * each would cost a read of its own, which is ten times the price of an entry.
 */
const PAUSE = 10
/** How late an answer may be, in ms, before the follower counts as lagging. */
const LATE = 1_000

/** What a follower needs of its log. */
export interface FollowedLog extends LossSource {
  readonly key: string
  /** Opens a connection for one follower alone: it waits there for entries. */
  connect(greet: Greet): GuardedConnection
  /** Aborts when the log is closed. */
  readonly signal: AbortSignal
  readonly pages: LogPages
}

/**
 * Reads the stream for one follower: every entry once and in order, or a reset where that cannot be proven.
 * `continuity.ts` says what proves it.
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
  /** Replication id of the server that it is connected to; '' when that is not known. */
  #server = ''
  #foreign = 0
  /** When it last had all that was in the stream, by `performance.now()`; and whether the last read found the end. */
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

  /** The entry that it has read last; undefined before the start. */
  get place(): Place | undefined {
    return this.#continuity.place
  }

  /** For how many ms, at most, the stream has had entries that this follower has not read. */
  get behind(): number {
    const since = performance.now() - this.#completeAt
    // A read that waits for entries is answered after BLOCK: no answer until then means that there are none.
    return this.#atEnd && since < BLOCK + LATE ? 0 : Math.round(since)
  }

  /** Redis has confirmed an entry to this process: the follower has to read it, or it is lost. */
  confirm(confirmation: Confirmation): void {
    this.#continuity.confirm(confirmation)
  }

  /** Reports something wrong with a log that works: once for each topic. */
  warn(topic: string, error: unknown): void {
    this.#state.warn(topic, error)
  }

  /** Resolves when the log is closed. */
  async run(): Promise<void> {
    const { signal } = this.#log
    while (!signal.aborted) {
      try {
        const { place } = this.#continuity
        if (place === undefined) await this.#start()
        else await this.#goOn(place)
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

  /** Ends what it waits for. */
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
    void this.#tellState()
  }

  async #goOn(place: Place): Promise<void> {
    const asked = performance.now()
    const count = this.#size.count(BYTES)
    const rows = await this.#stream.readAfter(place, count, BLOCK).catch((error) => {
      // Perhaps it was too large to arrive in time.
      if (error instanceof TimeoutError) this.#size.failed()
      throw error
    })
    if (rows === undefined) return this.#recover(place)
    if (this.#log.signal.aborted) return
    this.#size.took(rows.length, weigh(rows))
    this.#atEnd = rows.length < count
    if (this.#atEnd) this.#completeAt = asked
    this.#pass(rows)
    if (rows.length < count) await this.#losses.check(asked, this.#server)
    await this.#look(rows.length)
    if (rows.length > 0 && rows.length < count) await this.#sleep(PAUSE)
  }

  #pass(rows: readonly Row[]): void {
    const end = rows.findIndex(({ alien }) => alien === 'future')
    const passed = end < 0 ? rows : rows.slice(0, end)
    for (const step of this.#continuity.pass(passed, this.#server)) {
      if ('entries' in step) this.#follower.entries(step.entries)
      else this.#follower.reset(formatCursor(step.reset), 'log-changed')
    }
    this.#countForeign(passed)
    if (end >= 0) throw futureMark()
  }

  /** The entry that was read last is gone: continues at the end, with a gap. */
  async #recover(place: Place): Promise<void> {
    const { head, reason } = await this.#losses.recover(place, this.#server)
    if (this.#log.signal.aborted) return
    this.#history.reset()
    this.#follower.reset(formatCursor(head), reason)
  }

  /** Everything beside reading: the state of the log, `maxAge`, and whether `maxLength` is the same everywhere. */
  async #look(rows: number): Promise<void> {
    void this.#tellState()
    const { ageLimit } = this.#log
    // With an age limit, missing entries do not mean a wrong maxLength.
    if (ageLimit !== undefined) return ageLimit.trim()
    const short = await this.#history.passed(rows)
    if (short !== undefined) this.warn('maxLength', short)
  }

  /** The follower is up; the log is, when events can be published too. */
  async #tellState(): Promise<void> {
    const { publisher, signal } = this.#log
    const trouble = publisher.trouble && (await publisher.retry())
    if (signal.aborted) return
    if (trouble === undefined) this.#state.up()
    else this.#state.down(refusal(trouble))
  }

  #countForeign(rows: readonly Row[]): void {
    const before = this.#foreign
    for (const { alien } of rows) if (alien === 'foreign') this.#foreign++
    if (this.#foreign === before) return
    // Reported at 1, 10, 100 and so on.
    this.warn(
      `foreign ${String(this.#foreign).length}`,
      new Error(
        `Another program writes into the stream ${this.#log.key}: ${this.#foreign} rows were skipped. ` +
          'Give it, or the log, a key of its own.',
      ),
    )
  }

  /** Keeps the process running, as a connection does: a script that awaits hub.ready() would otherwise end during a pause. */
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
