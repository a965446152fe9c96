import assert from 'node:assert/strict'
import {
  type Cursor,
  type EventLog,
  entryBytes,
  type LogBounds,
  type LogEntry,
  type LogReading,
  type NewLogEntry,
} from '@downstream/core'
import type { CreateEventLog, EventLogAbility, EventLogHost } from './event-log-host.ts'
import { plain, RecordingFollower } from './recording-follower.ts'

/** One promise of a log, and a check that it is kept. */
export interface LogCase {
  name: string
  /** The ability of the engine that it needs. */
  needs?: EventLogAbility
  run(tools: LogTools): Promise<void>
}

/** How many entries a log must hold, so that cases without drops have enough room. */
const ROOM = 200

/** The tools of a case. All that they open is closed after it. */
export class LogTools {
  /** The log under test and its engine; set by {@link open}. */
  host!: EventLogHost
  readonly #create: CreateEventLog
  readonly #hosts: EventLogHost[] = []
  readonly #logs: EventLog[] = []
  #count = 0
  #appended = 0

  constructor(create: CreateEventLog) {
    this.#create = create
  }

  get log(): EventLog {
    return this.host.log
  }

  /** A cursor that is followed by this many entries is certainly a gap. */
  get overflow(): number {
    const { length, slack = 0 } = this.host.bounds
    return length + slack + 1
  }

  async open(): Promise<void> {
    this.host = await this.createHost()
  }

  /** Creates a log that is unrelated to the first. */
  async createHost(): Promise<EventLogHost> {
    const host = await this.#create()
    this.#hosts.push(host)
    this.#logs.push(host.log)
    assert.ok(host.bounds.length >= ROOM, `create() must give a log that holds ${ROOM} entries or more`)
    return host
  }

  /** Creates another EventLog on the same entries. */
  async connect(): Promise<EventLog> {
    assert.ok(this.host.connect, missing('connect'))
    const log = await this.host.connect()
    this.#logs.push(log)
    return log
  }

  /** Makes the engine lose everything. */
  async clear(): Promise<void> {
    assert.ok(this.host.clear, missing('clear'))
    await this.host.clear()
  }

  /** Makes the engine unreachable until the returned function is called. */
  async cut(): Promise<() => void | Promise<void>> {
    assert.ok(this.host.cut, missing('cut'))
    return this.host.cut()
  }

  /** How many entries the engine scanned while `run` was running. */
  async scannedBy(run: () => Promise<unknown>): Promise<number> {
    const { host } = this
    assert.ok(host.scanned, missing('scanned'))
    const before = host.scanned()
    await run()
    return host.scanned() - before
  }

  /** An entry that differs from all others. */
  newEntry(): NewLogEntry {
    const n = this.#count++
    return {
      channels: n % 10 === 9 ? ['c0', 'c1'] : [`c${n % 3}`],
      event: n % 2 === 0 ? undefined : 'tick',
      data: `entry ${n}`,
    }
  }

  /** Appends an entry; returns it as a read must return it. */
  async append(entry: NewLogEntry = this.newEntry(), log: EventLog = this.log): Promise<LogEntry> {
    this.#appended++
    return plain({ ...entry, cursor: await log.append(entry) })
  }

  /** Appends entries concurrently; returns them in the order of the calls. */
  fill(count: number, log: EventLog = this.log): Promise<LogEntry[]> {
    return Promise.all(Array.from({ length: count }, () => this.append(this.newEntry(), log)))
  }

  /** Follows a log. */
  watch(backlog = 0, log: EventLog = this.log): RecordingFollower {
    const follower = new RecordingFollower()
    follower.done = log.follow(follower, { backlog: atMost(backlog) })
    // A case that does not await it must not fail twice.
    follower.done.catch(() => {})
    return follower
  }

  /** Follows a log and waits for its start. */
  async follow(backlog = 0, log: EventLog = this.log): Promise<RecordingFollower> {
    const follower = this.watch(backlog, log)
    await follower.started()
    return follower
  }

  /** The cursor of the end. */
  async end(log: EventLog = this.log): Promise<Cursor> {
    return (await this.follow(0, log)).head
  }

  /** One read, which must not return a gap. */
  async readPage(after: Cursor, bounds: LogBounds, log: EventLog = this.log): Promise<LogEntry[]> {
    const reading = await log.read(after, bounds)
    assert.ok(!reading.gap, `gap after ${after}`)
    const { length } = reading.entries
    assert.ok(length <= bounds.length, `${length} entries, the bound was ${bounds.length}`)
    const bytes = reading.entries.slice(1).reduce((sum, entry) => sum + entryBytes(entry), 0)
    assert.ok(bytes <= bounds.bytes, `${bytes} bytes beyond the first entry, the bound was ${bounds.bytes}`)
    return reading.entries.map(plain)
  }

  /** Every entry after a cursor, in pages. */
  async read(
    after: Cursor,
    log: EventLog = this.log,
    bounds: LogBounds = atMost(1_000),
  ): Promise<LogEntry[]> {
    const entries: LogEntry[] = []
    for (;;) {
      const page = await this.readPage(entries.at(-1)?.cursor ?? after, bounds, log)
      if (page.length === 0) return entries
      entries.push(...page)
      assert.ok(entries.length <= this.#appended, 'more entries than were appended')
    }
  }

  /** Closes all that the case has opened. */
  async close(): Promise<void> {
    for (const log of this.#logs) await log.close()
    for (const host of this.#hosts) await host.close?.()
  }
}

/** Bounds of a number of entries, of any size. */
export function atMost(length: number, bytes: number = 2 ** 40): LogBounds {
  return { length, bytes }
}

/** Asserts that the reading is a gap with one of these reasons. */
export function assertGap(reading: LogReading, what: string, ...reasons: ('expired' | 'malformed')[]): void {
  const answer = reading.gap ? reading.reason : `${reading.entries.length} entries`
  assert.ok((reasons as string[]).includes(answer), `${what}: ${answer}, not ${reasons.join(' or ')}`)
}

function missing(ability: EventLogAbility): string {
  return `create() returns no ${ability}(): implement it, or leave its cases out with { without: ['${ability}'] }`
}
