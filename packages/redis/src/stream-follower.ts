import { setTimeout as sleep } from 'node:timers/promises'
import { entryBytes, type LogBounds, type LogEntry, type LogFollower } from '@downstream/core'
import { Backoff } from './backoff.ts'
import { formatCursor, isEarlier, type Place } from './cursor.ts'
import { markFork } from './fork.ts'
import type { GuardedConnection } from './guarded-connection.ts'
import { guardedFollower } from './guarded-follower.ts'
import { RedisStream } from './redis-stream.ts'
import type { Row } from './row.ts'
import { Seen } from './seen.ts'
import { Unseen } from './unseen.ts'

/** How long Redis is to wait for entries, in ms, before it answers that there are none. */
const BLOCK = 2_000
const PAGE_LENGTH = 1_000
/**
 * Between two reads that find something, in ms. A lone event does not wait, because it meets a read that does; of many
 * each would cost a read of its own, which is ten times the price of an entry.
 */
const PAUSE = 10

/** What a follower needs of its log. */
export interface FollowedLog {
  readonly key: string
  /** Aborts when the log is closed. */
  readonly signal: AbortSignal
}

/** Tells one follower every entry of the stream, in order; where that cannot be proven, that it cannot. */
export class StreamFollower {
  readonly #log: FollowedLog
  readonly #connection: GuardedConnection
  readonly #stream: RedisStream
  readonly #follower: LogFollower
  readonly #backlog: LogBounds
  readonly #backoff = new Backoff()
  readonly #seen = new Seen()
  readonly #unseen = new Unseen()
  /** The last entry that was read; undefined before the start. */
  #place: Place | undefined
  /** Nonce of the oldest entry, as last looked at. */
  #oldest = ''
  /** What was told of the engine: '' for up, else what is wrong; undefined before the start. */
  #told: string | undefined

  constructor(log: FollowedLog, connection: GuardedConnection, follower: LogFollower, backlog: LogBounds) {
    this.#log = log
    this.#connection = connection
    this.#stream = new RedisStream(connection, log.key)
    this.#follower = guardedFollower(follower)
    this.#backlog = backlog
  }

  /** Redis has confirmed an entry to this process: it has to come by. */
  confirm(place: Place): void {
    if (this.#place !== undefined && !this.#seen.has(place.nonce)) this.#unseen.confirm(place)
  }

  /** Resolves when the log is closed. */
  async run(): Promise<void> {
    const { signal } = this.#log
    while (!signal.aborted) {
      try {
        if (this.#place === undefined) await this.#start()
        else await this.#goOn(this.#place)
        this.#backoff.reset()
      } catch (error) {
        if (signal.aborted) break
        const reason = error instanceof Error ? error : new Error(String(error))
        this.#connection.drop(reason)
        this.#tell(reason.message, reason)
        // It holds the process, as a connection does: who awaits hub.ready() must not be ended for having none.
        await sleep(this.#backoff.next(), undefined, { signal }).catch(() => {})
      }
    }
    this.close()
  }

  /** Ends what it waits for. */
  close(): void {
    this.#connection.close()
  }

  async #start(): Promise<void> {
    await this.#stream.head()
    const rows = await this.#readBacklog()
    const head = rows.at(-1)
    if (head === undefined) throw new Error('The stream was deleted while it was read.')
    const [oldest] = await this.#stream.range('-', 1)
    if (this.#log.signal.aborted) return
    this.#moveTo(head, oldest)
    for (const { nonce } of rows) this.#seen.add(nonce)
    const entries = rows.flatMap(({ entry }) => entry ?? [])
    this.#follower.start(formatCursor(head), newest(entries, this.#backlog))
    this.#tell('')
  }

  /** The newest rows, oldest first, as far back as is wanted and nothing is known to be missing. */
  async #readBacklog(): Promise<Row[]> {
    const rows: Row[] = []
    let bytes = 0
    for (let from = '+'; ; ) {
      const count = Math.min(this.#backlog.length - rows.length + 1, PAGE_LENGTH)
      const page = await this.#stream.rangeBack(from, count)
      // It begins with the entry that the page before has ended with.
      rows.push(...(from === '+' ? page : page.slice(1)))
      const fork = rows.findIndex(({ mark }) => mark === 'fork')
      // The mark itself can be where the log ends.
      if (fork >= 0) rows.length = Math.max(fork, 1)
      for (const { entry } of page) bytes += entry === undefined ? 0 : entryBytes(entry)
      const enough = rows.length >= this.#backlog.length || bytes >= this.#backlog.bytes
      if (fork >= 0 || page.length < count || enough) return rows.reverse()
      from = (rows.at(-1) as Row).id
    }
  }

  async #goOn(place: Place): Promise<void> {
    const rows = await this.#stream.readBehind(place, PAGE_LENGTH, BLOCK)
    if (rows === undefined) await this.#recover(place)
    if (this.#log.signal.aborted) return
    this.#tell('')
    if (rows === undefined) return
    this.#pass(rows)
    await this.#settle(rows.at(-1) ?? place, rows.length === 0)
    if (rows.length > 0 && rows.length < PAGE_LENGTH) await sleep(PAUSE, undefined, { ref: false })
  }

  #pass(rows: readonly Row[]): void {
    let batch: LogEntry[] = []
    const flush = () => {
      if (batch.length > 0) this.#follower.entries(batch)
      batch = []
    }
    for (const row of rows) {
      this.#place = row
      const isNew = this.#seen.add(row.nonce)
      this.#unseen.see(row.nonce)
      if (row.mark === 'fork') {
        flush()
        this.#follower.reset(formatCursor(row), 'log-changed')
      } else if (row.entry !== undefined && isNew) {
        batch.push(row.entry)
      }
    }
    flush()
  }

  /** What should have come by: if it is gone, others have to learn of it. */
  async #settle(place: Place, isAll: boolean): Promise<void> {
    const overdue = this.#unseen.overdue(place.id, isAll)
    if (overdue === undefined) return
    if (!(await this.#stream.holds(overdue))) await markFork(this.#stream, this.#seen)
    // There, and not yet read: it comes next.
    else if (isAll) return
    this.#unseen.settle(overdue)
  }

  /** The entry that was read last is gone: finds out how, and goes on at the end. */
  async #recover(lost: Place): Promise<void> {
    const [oldest] = await this.#stream.range('-', 1)
    const isNewLog = oldest === undefined || (oldest.mark === 'genesis' && oldest.nonce !== this.#oldest)
    // Of the same millisecond may be what was published directly after all was deleted: it is no older entry.
    const isFork = !isNewLog && (this.#seen.has(oldest.nonce) || isEarlier(oldest.id, lost.id))
    if (isFork) this.#seen.add((await markFork(this.#stream, this.#seen)).nonce)
    const head = await this.#stream.head()
    if (this.#log.signal.aborted) return
    this.#moveTo(head, oldest)
    this.#follower.reset(formatCursor(head), isNewLog || isFork ? 'log-changed' : 'trimmed')
  }

  /** Goes on behind `head`. What is in front of that need not come by any more. */
  #moveTo(head: Row, oldest: Row | undefined): void {
    this.#place = head
    this.#seen.add(head.nonce)
    this.#oldest = (oldest ?? head).nonce
    this.#unseen.clear()
  }

  /** Tells the engine's state when it has changed. */
  #tell(trouble: string, error?: Error): void {
    if (this.#told === trouble) return
    this.#told = trouble
    if (error === undefined) this.#follower.state(true)
    else this.#follower.state(false, error)
  }
}

/** The newest of the entries within the bounds. */
function newest(entries: readonly LogEntry[], { length, bytes }: LogBounds): readonly LogEntry[] {
  let from = entries.length
  for (let size = 0; from > 0 && entries.length - from < length; from--) {
    size += entryBytes(entries[from - 1] as LogEntry)
    if (size > bytes && from < entries.length) break
  }
  return entries.slice(from)
}
