import type { LogBounds, LogFollower } from '@downstream/core'
import { Backoff } from '../connection/backoff.ts'
import type { GuardedConnection } from '../connection/guarded-connection.ts'
import { refusal } from '../connection/refusal.ts'
import { type Greet, TimeoutError } from '../connection/session.ts'
import type { Publisher } from '../publisher.ts'
import type { AgeLimit } from '../stream/age-limit.ts'
import { formatCursor, type Place } from '../stream/cursor.ts'
import type { LogPages } from '../stream/log-pages.ts'
import { PageSize } from '../stream/page-size.ts'
import { type Identify, RedisStream } from '../stream/redis-stream.ts'
import { futureMark, type Row, rowBytes } from '../stream/row.ts'
import { readBacklog } from './backlog.ts'
import type { Confirmation } from './confirmed.ts'
import { Continuity, type Reset } from './continuity.ts'
import { FollowerState } from './follower-state.ts'
import { guardedFollower } from './guarded-follower.ts'
import { HistoryCheck } from './history-check.ts'

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
/** Between two marks for confirmed entries that are gone, in ms. While there are two masters, every publish is one. */
const MARK_PAUSE = 5_000

/** Stands for the follower's own connection among the sessions of the publisher. */
const OWN = 0

/** What a follower needs of its log. */
export interface FollowedLog {
  readonly key: string
  readonly maxLength: number
  /** Opens a connection for one follower alone: it waits there for entries. */
  connect(greet: Greet): GuardedConnection
  readonly identify: Identify
  /** Aborts when the log is closed. */
  readonly signal: AbortSignal
  readonly publisher: Publisher
  readonly pages: LogPages
  readonly ageLimit: AgeLimit | undefined
}

/**
 * Tells one follower every entry of the stream, in order; where that cannot be proven, that it cannot. What is proven
 * by what is in `continuity.ts`: here are the commands for it.
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
  readonly #size = new PageSize(LENGTH)
  readonly #backoff = new Backoff()
  /** Replication id of the server that it is connected to; '' when that is not known. */
  #server = ''
  #nextMark = 0
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
  }

  /** Where it is; undefined before the start. */
  get place(): Place | undefined {
    return this.#continuity.place
  }

  /** For how many ms, at most, the stream has had entries that it has not read. */
  get behind(): number {
    const since = performance.now() - this.#completeAt
    // A read that waits for entries is answered after BLOCK: until then no answer is the answer.
    return this.#atEnd && since < BLOCK + LATE ? 0 : Math.round(since)
  }

  /** Redis has confirmed an entry to this process: it has to come by. */
  confirm(confirmation: Confirmation): void {
    this.#continuity.confirm(confirmation)
  }

  /** Something is wrong although the log works: reported once for each topic. */
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
    const rows = await this.#stream.readBehind(place, count, BLOCK).catch((error) => {
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
    if (rows.length < count) await this.#settle(asked)
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

  /** Confirmed entries that should have come by. */
  async #settle(asked: number): Promise<void> {
    const { lost, doubtful } = this.#continuity.overdue(asked)
    const held = await Promise.all(doubtful.map(({ place }) => this.#stream.holds(place)))
    for (const [n, { place }] of doubtful.entries()) if (held[n]) this.#continuity.settle(place)
    const gone = [...lost, ...doubtful.filter((_, n) => !held[n])]
    if (gone.length === 0) return
    if (performance.now() < this.#nextMark) {
      this.#suspect(this.#continuity.place)
      return
    }
    this.#nextMark = performance.now() + MARK_PAUSE
    const { head } = await this.#mark(Math.max(...gone.map(({ sent }) => sent)))
    this.#suspect(head)
  }

  /** The entry that was read last is gone: continues at the end, with a gap. */
  async #recover(lostPlace: Place): Promise<void> {
    const [[oldest], length, gone] = await Promise.all([
      this.#stream.range('-', 1),
      this.#stream.length(),
      this.#confirmedAndGone(),
    ])
    const given = Math.max(this.#continuity.passed, ...gone.map(({ sent }) => sent))
    const clock = await this.#readClock()
    const { maxLength, ageLimit } = this.#log
    const trims = length >= maxLength || (ageLimit?.isOver(lostPlace, clock.at) ?? false)
    const lost = lostAt(given, clock)
    const why = this.#continuity.judge({ oldest, lost, gone, trims, server: clock.server })
    const reset =
      why === 'fork' ? await this.#mark(given) : { ...clock, head: await this.#stream.head(clock.server) }
    if (this.#log.signal.aborted) return
    this.#continuity.moveTo(reset, why, given)
    this.#history.reset()
    this.#follower.reset(formatCursor(reset.head), why === 'trimmed' ? 'trimmed' : 'log-changed')
    // The connection that has confirmed one of them may still confirm others.
    if (gone.some(({ session }) => session === this.#log.publisher.session)) this.#suspect(reset.head)
  }

  /** Adds a mark that tells of all losses up to now. `given`: when somebody was given the newest of what is lost. */
  async #mark(given: number): Promise<Reset> {
    const clock = await this.#readClock()
    const { at, server, asked } = clock
    const head = await this.#stream.mark({ kind: 'fork', at, lost: lostAt(given, clock), server })
    this.#continuity.settleUntil(given)
    // It takes the place of what it tells of: if it is lost in turn, there has to be another.
    this.#continuity.confirm({ place: head, session: OWN, server, sent: performance.now(), at: asked })
    return { ...clock, head }
  }

  async #readClock(): Promise<Clock> {
    const asked = performance.now()
    const send = (args: string[]) => this.#connection.send(args)
    const [at, server] = await Promise.all([this.#stream.time(), this.#log.identify(send)])
    return { asked, at, server }
  }

  /** The newest confirmed entries that are not held. */
  async #confirmedAndGone(): Promise<Confirmation[]> {
    const newest = this.#continuity.newestConfirmed()
    const held = await Promise.all(newest.map(({ place }) => this.#stream.holds(place)))
    return newest.filter((_, n) => !held[n])
  }

  #suspect(place: Place | undefined): void {
    // Without an answer it stays suspected, and the next connection has to prove itself.
    if (place !== undefined) this.#log.publisher.suspect(place, this.#server).catch(() => {})
  }

  /** Looks after all that is not about this follower's place. */
  async #look(rows: number): Promise<void> {
    void this.#tellState()
    const { ageLimit } = this.#log
    // What an age limit drops is nobody's mistake.
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
    // Told at 1, 10, 100 and so on.
    this.warn(
      `foreign ${String(this.#foreign).length}`,
      new Error(
        `Another program writes into the stream ${this.#log.key}: ${this.#foreign} rows were skipped. ` +
          'Give it, or the log, a key of its own.',
      ),
    )
  }

  /** It holds the process, as a connection does: code that awaits hub.ready() must not end for want of anything else. */
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

/** The clock of Redis in ms, and when it was asked for by that of this process. */
type Clock = Omit<Reset, 'head'>

/** When something was given to somebody, by the clock of Redis: rather too late than too early. */
function lostAt(given: number, { at, asked }: Clock): number {
  // It has read its clock at `asked` or later, and that is rounded down.
  return Math.ceil(at + 1 - Math.max(0, asked - given))
}
