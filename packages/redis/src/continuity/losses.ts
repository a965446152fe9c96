import { setTimeout as sleep } from 'node:timers/promises'
import type { GuardedConnection } from '../connection/guarded-connection.ts'
import type { Publisher } from '../publisher.ts'
import type { AgeLimit } from '../stream/age-limit.ts'
import { msOf, type Position } from '../stream/cursor.ts'
import type { Identify, RedisStream } from '../stream/redis-stream.ts'
import type { Row } from '../stream/row.ts'
import type { Confirmation, Delivered } from './confirmed.ts'
import type { Continuity, Reset } from './continuity.ts'

/** The pause between two marks for lost confirmed entries, in ms. With two masters, every publish would need one. */
const MARK_PAUSE = 5_000

/**
 * After a loss is found, the clock of Redis is read after this many ms. Otherwise another process may report an entry
 * that was lost at the same time with the same ms in its id, and that would look like a later loss.
 */
const TICK = 2

/** The session number of the follower's own connection, among those of the publisher. */
const OWN = 0

/** The parts of the log that {@link Losses} uses. */
export interface LossSource {
  readonly maxLength: number
  readonly identify: Identify
  readonly publisher: Publisher
  readonly ageLimit: AgeLimit | undefined
}

/** Where a follower continues after a loss, and why. */
export interface Continuation {
  readonly head: Row
  readonly reason: 'trimmed' | 'log-changed'
}

/** Finds out what the stream has lost, and adds the marks that report it. `continuity.ts` decides what was lost. */
export class Losses {
  readonly #source: LossSource
  readonly #connection: GuardedConnection
  readonly #stream: RedisStream
  readonly #continuity: Continuity
  #nextMark = 0

  constructor(
    source: LossSource,
    connection: GuardedConnection,
    stream: RedisStream,
    continuity: Continuity,
  ) {
    this.#source = source
    this.#connection = connection
    this.#stream = stream
    this.#continuity = continuity
  }

  /**
   * Looks for confirmed entries that the follower should have read by now.
   *
   * @param asked - the follower has read everything that was in the stream at this time
   * @param server - replication id of the server to which it is connected
   */
  async check(asked: number, server: string): Promise<void> {
    const { lost, doubtful } = this.#continuity.overdue(asked)
    const held = await Promise.all(doubtful.map(({ position }) => this.#stream.holds(position)))
    for (const [n, { position }] of doubtful.entries()) if (held[n]) this.#continuity.settle(position)
    const missing = [...lost, ...doubtful.filter((_, n) => !held[n])]
    if (missing.length === 0) return
    if (performance.now() < this.#nextMark) {
      this.#suspect(this.#continuity.position, server)
      return
    }
    this.#nextMark = performance.now() + MARK_PAUSE
    const { head } = await this.#mark(missing, await this.#readClock())
    this.#suspect(head, server)
  }

  /** Handles the loss of the entry that the follower has read last: the follower continues at the end. */
  async recover(lostPosition: Position, server: string): Promise<Continuation> {
    const [[oldest], length, missing] = await Promise.all([
      this.#stream.range('-', 1),
      this.#stream.length(),
      this.#confirmedAndGone(),
    ])
    const lost = [{ ...this.#continuity.delivered, position: lostPosition }, ...missing]
    await sleep(TICK)
    const clock = await this.#readClock()
    const { maxLength, ageLimit, publisher } = this.#source
    const trims = length >= maxLength || (ageLimit?.isOver(lostPosition, clock.at) ?? false)
    const evidence = { oldest, lost: lostAt(lost, clock), missing, trims, server: clock.server }
    const why = this.#continuity.judge(evidence)
    const reset =
      why === 'fork'
        ? await this.#mark(lost, clock)
        : { ...clock, head: await this.#stream.head(clock.server) }
    this.#continuity.moveTo(reset, why, latest(lost))
    // The connection that has confirmed one of them may still confirm others.
    if (missing.some(({ session }) => session === publisher.session)) this.#suspect(reset.head, server)
    return { head: reset.head, reason: why === 'trimmed' ? 'trimmed' : 'log-changed' }
  }

  /** Adds a mark that reports these losses, and all before them. */
  async #mark(lost: readonly Delivered[], clock: Clock): Promise<Reset> {
    const { at, server, asked } = clock
    const head = await this.#stream.mark({ kind: 'fork', at, lost: lostAt(lost, clock), server })
    this.#continuity.settleUntil(latest(lost))
    // If the mark itself is lost, another one must report the losses.
    const now = performance.now()
    this.#continuity.confirm({ position: head, session: OWN, server, sent: asked, at: now })
    return { ...clock, head }
  }

  async #readClock(): Promise<Clock> {
    const asked = performance.now()
    const send = (args: string[]) => this.#connection.send(args)
    const [at, server] = await Promise.all([this.#stream.time(), this.#source.identify(send)])
    return { asked, at, server }
  }

  /** The newest confirmed entries that are not held. */
  async #confirmedAndGone(): Promise<Confirmation[]> {
    const newest = this.#continuity.newestConfirmed()
    const held = await Promise.all(newest.map(({ position }) => this.#stream.holds(position)))
    return newest.filter((_, n) => !held[n])
  }

  #suspect(position: Position | undefined, server: string): void {
    // Without an answer the loss stays suspected, and the next connection is checked.
    if (position !== undefined) this.#source.publisher.suspect(position, server).catch(() => {})
  }
}

/** The clock of Redis in ms, and when it was asked for by that of this process. */
type Clock = Omit<Reset, 'head'>

/** When the newest of these entries was published, by the clock of Redis; rounded up. */
function lostAt(lost: readonly Delivered[], { at, asked, server }: Clock): number {
  const times = lost.map((one) => {
    // Redis has read its clock at `asked` or later, and that is rounded down.
    const delivered = Math.ceil(at + 1 - Math.max(0, asked - one.at))
    // The id has the time of publishing, by the same clock; it may be ahead.
    const isOneClock = server !== '' && one.server === server
    return isOneClock ? Math.min(delivered, msOf(one.position.id) + 1) : delivered
  })
  return Math.max(...times)
}

/** When the last of these entries was delivered. */
function latest(lost: readonly Delivered[]): number {
  return Math.max(...lost.map(({ at }) => at))
}
