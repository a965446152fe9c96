import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  type Cursor,
  type EventLog,
  type LogBounds,
  type LogEntry,
  type LogFollower,
  type LogReading,
  MemoryLog,
  type NewLogEntry,
} from '@downstream/core'
import { type EventLogHost, eventLogSuite, FaultyLog } from '@downstream/testing'
import { onSources } from '../../../test/sources/on-sources.ts'

const bounds = { length: 250 }
const isThird = ({ data }: LogEntry) => data === 'entry 2'

/** Passes on what it is given, but for what a test changes. */
class Relay implements LogFollower {
  protected readonly to: LogFollower

  constructor(to: LogFollower) {
    this.to = to
  }

  start(head: Cursor, backlog: readonly LogEntry[]): void {
    this.to.start(head, backlog)
  }

  entries(batch: readonly LogEntry[]): void {
    this.to.entries(batch)
  }

  reset(head: Cursor, reason: 'trimmed' | 'log-changed'): void {
    this.to.reset(head, reason)
  }

  state(up: boolean, error?: unknown): void {
    this.to.state(up, error)
  }
}

/** Tells followers `change` of each batch. */
function telling(change: (batch: readonly LogEntry[]) => readonly LogEntry[]): EventLog {
  return following(
    class extends Relay {
      override entries(batch: readonly LogEntry[]): void {
        const changed = change(batch)
        if (changed.length > 0) this.to.entries(changed)
      }
    },
  )
}

function following(Wrapped: typeof Relay): EventLog {
  return new (class extends MemoryLog {
    override follow(follower: LogFollower, options: { backlog: LogBounds }) {
      return super.follow(new Wrapped(follower), options)
    }
  })(bounds)
}

/** Answers `change` of each reading. */
function reading(change: (reading: LogReading & { gap: false }) => readonly LogEntry[]): EventLog {
  return new (class extends MemoryLog {
    override async read(after: Cursor, bounds: LogBounds): Promise<LogReading> {
      const answer = await super.read(after, bounds)
      return answer.gap ? answer : { gap: false, entries: change(answer) }
    }
  })(bounds)
}

/** Appends `change` of each entry. */
function appending(change: (entry: NewLogEntry) => NewLogEntry): EventLog {
  return new (class extends MemoryLog {
    override append(entry: NewLogEntry) {
      return super.append(change(entry))
    }
  })(bounds)
}

const broken: [what: string, make: () => EventLog | EventLogHost, fails: string, passes: string][] = [
  [
    'does not say why its engine is down',
    () => stating((up, _, to) => to.state(up)),
    'reports why the engine is down and that it is up again, and gives every later entry',
    'gives each entry once and in order',
  ],
  [
    'drops an entry on the way to followers',
    () => telling((batch) => batch.filter((entry) => !isThird(entry))),
    'gives each entry once and in order',
    'reads all in pages of any size, without a hole or a repetition',
  ],
  [
    'drops an entry of a reading',
    () => reading(({ entries }) => entries.filter((entry) => !isThird(entry))),
    'reads all in pages of any size, without a hole or a repetition',
    'gives each entry once and in order',
  ],
  [
    'repeats an entry to followers',
    () => telling((batch) => batch.flatMap((entry) => (isThird(entry) ? [entry, entry] : [entry]))),
    'gives each entry once and in order',
    'starts with the newest entries, oldest first, not more than asked for',
  ],
  [
    'gives two entries in the wrong order',
    () => {
      let held: readonly LogEntry[] = []
      return telling((batch) => {
        if (isThird(batch[0] as LogEntry)) {
          held = batch
          return []
        }
        const late = held
        held = []
        return [...batch, ...late]
      })
    },
    'gives each entry once and in order',
    'keeps the order of appends in flight together, small ones after a large one too',
  ],
  [
    'reads newest first',
    () => reading(({ entries }) => entries.toReversed()),
    'reads the entries after each cursor, and none after the last',
    'ends every follow at close',
  ],
  [
    'reads beyond the limit',
    () => {
      const log = new MemoryLog(bounds)
      const { read } = log
      log.read = (after, bounds) => read.call(log, after, { ...bounds, length: bounds.length + 1 })
      return log
    },
    'reads the oldest up to the limit',
    'has an entry in its place when append resolves',
  ],
  [
    'counts a page and does not weigh it',
    () => {
      const log = new MemoryLog(bounds)
      const { read } = log
      log.read = (after, { length }, signal) => read.call(log, after, { length, bytes: 1e9 }, signal)
      return log
    },
    'weighs what it reads: no more bytes than asked for beyond the first entry, and at least one entry',
    'reads the oldest up to the limit',
  ],
  [
    'counts a backlog and does not weigh it',
    () => {
      const log = new MemoryLog(bounds)
      const { follow } = log
      log.follow = (follower, { backlog }) =>
        follow.call(log, follower, { backlog: { ...backlog, bytes: 1e9 } })
      return log
    },
    'starts with the newest entries within a bound of bytes, and with one at least',
    'starts with the newest entries, oldest first, not more than asked for',
  ],
  [
    'reads for callers whose signal has aborted',
    () => {
      const log = new MemoryLog(bounds)
      const { read } = log
      log.read = (after, bounds) => read.call(log, after, bounds)
      return log
    },
    'drops a read when its signal aborts, and rejects with the reason of the signal',
    'reads the oldest up to the limit',
  ],
  [
    'calls a follower no more once it has thrown',
    () => {
      let silent = false
      return following(
        class extends Relay {
          override entries(batch: readonly LogEntry[]) {
            if (silent) return
            try {
              super.entries(batch)
            } catch {
              silent = true
            }
          }
        },
      )
    },
    'gives later entries to a follower that throws, and to the others',
    'gives each entry once and in order',
  ],
  [
    'reads the inclusive way',
    () => {
      const log = new MemoryLog(bounds)
      const { read } = log
      log.read = async (after, bounds) => {
        const [epoch, n] = after.split('-')
        const before = Number.parseInt(n ?? '', 36) - 1
        return before < 0
          ? read.call(log, after, bounds)
          : read.call(log, `${epoch}-${before.toString(36)}`, bounds)
      }
      return log
    },
    'reads the entries after each cursor, and none after the last',
    'starts with the newest entries, oldest first, not more than asked for',
  ],
  [
    'gives no gap after it has dropped entries',
    () => {
      const log = new MemoryLog(bounds)
      const { read } = log
      log.read = async (after, bounds) => {
        const answer = await read.call(log, after, bounds)
        return answer.gap && answer.reason === 'expired' ? { gap: false, entries: [] } : answer
      }
      return log
    },
    'answers gap, expired, when an entry after the cursor was dropped',
    'answers gap, malformed, for text that is not a cursor: SQL',
  ],
  [
    'takes the cursors of another log for its own',
    () => {
      const log = new MemoryLog(bounds)
      const { read } = log
      let epoch: string | undefined
      log.append = async (entry) => {
        const cursor = await MemoryLog.prototype.append.call(log, entry)
        epoch = cursor.split('-')[0]
        return cursor
      }
      log.read = (after, bounds) => read.call(log, after.replace(/^[\da-f]{12}(?=-)/, epoch ?? '$&'), bounds)
      return log
    },
    'answers gap for every cursor of another log, one with fewer, as many or more entries',
    'reads the entries after each cursor, and none after the last',
  ],
  [
    'is lenient with how a cursor is written',
    () => {
      const log = new MemoryLog(bounds)
      const { read } = log
      log.read = (after, bounds) =>
        read.call(
          log,
          after
            .trim()
            .toLowerCase()
            .replace(/-0+(?=.)/, '-'),
          bounds,
        )
      return log
    },
    'answers gap, malformed, for text that is not a cursor: a good cursor and a line break',
    'answers gap, malformed, for text that is not a cursor: SQL',
  ],
  [
    'starts with a backlog beyond its bound',
    () => {
      const log = new MemoryLog(bounds)
      const { follow } = log
      log.follow = (follower, { backlog }) =>
        follow.call(log, follower, { backlog: { ...backlog, length: backlog.length + 1 } })
      return log
    },
    'starts with the newest entries, oldest first, not more than asked for',
    'gives each entry once and in order',
  ],
  [
    'starts with the newest entry first',
    () =>
      following(
        class extends Relay {
          override start(head: Cursor, backlog: readonly LogEntry[]) {
            super.start(head, backlog.toReversed())
          }
        },
      ),
    'starts with the newest entries, oldest first, not more than asked for',
    'calls start first and once, even when entries are appended meanwhile',
  ],
  [
    'starts twice',
    () =>
      following(
        class extends Relay {
          override start(head: Cursor, backlog: readonly LogEntry[]) {
            super.start(head, backlog)
            super.start(head, backlog)
          }
        },
      ),
    'calls start first and once, even when entries are appended meanwhile',
    'keeps empty data as it is',
  ],
  [
    'loses entries directly after the backlog',
    () =>
      following(
        class extends Relay {
          #listens = false
          override start(head: Cursor, backlog: readonly LogEntry[]) {
            super.start(head, backlog)
            setImmediate(() => {
              this.#listens = true
            })
          }
          override entries(batch: readonly LogEntry[]) {
            if (this.#listens) super.entries(batch)
          }
        },
      ),
    'has no hole and no repetition after the backlog, with appends in flight and 0 turns between',
    'starts with the newest entries, oldest first, not more than asked for',
  ],
  [
    'gives the backlog again after it',
    () =>
      following(
        class extends Relay {
          #backlog: readonly LogEntry[] = []
          override start(head: Cursor, backlog: readonly LogEntry[]) {
            super.start(head, backlog)
            this.#backlog = backlog
          }
          override entries(batch: readonly LogEntry[]) {
            super.entries([...this.#backlog, ...batch])
            this.#backlog = []
          }
        },
      ),
    'has no hole and no repetition after the backlog, with appends in flight and 5 turns between',
    'starts with the newest entries, oldest first, not more than asked for',
  ],
  [
    'gives an entry before it can be read',
    () => {
      const log = new MemoryLog(bounds)
      const { read } = log
      let newest = ''
      log.follow = (follower, options) => {
        const spy = new (class extends Relay {
          override entries(batch: readonly LogEntry[]) {
            newest = batch.at(-1)?.cursor ?? ''
            super.entries(batch)
            newest = ''
          }
        })(follower)
        return MemoryLog.prototype.follow.call(log, spy, options)
      }
      log.read = async (after, bounds) =>
        after === newest ? { gap: true, reason: 'malformed' } : read.call(log, after, bounds)
      return log
    },
    'has an entry to read when followers receive it',
    'gives each entry once and in order',
  ],
  [
    'trims data',
    () => appending((entry) => ({ ...entry, data: entry.data.trim() })),
    'keeps blanks at both ends as it is',
    'keeps an event as it is',
  ],
  [
    "takes '' for no event",
    () => appending(({ event, ...entry }) => (event ? { ...entry, event } : entry)),
    "keeps an event of '' as it is",
    'keeps an event of undefined as it is',
  ],
  [
    'gives two entries one cursor',
    () => {
      const log = new MemoryLog(bounds)
      log.append = async (entry) => {
        const cursor = await MemoryLog.prototype.append.call(log, entry)
        return cursor.replace(/[2-9]$/, '1')
      }
      return log
    },
    "gives every entry a cursor of its own that can be an event's id: 1 to 64 of [\\w.-]",
    'ends every follow at close',
  ],
  [
    'takes appends after close',
    () => {
      const log = new MemoryLog(bounds)
      log.close = async () => {}
      return log
    },
    'refuses appends after close with ERR_SSE_LOG_CLOSED',
    'closes when it was never used',
  ],
  [
    'scans all of the log for a page',
    () => {
      let scanned = 0
      const log = new MemoryLog(bounds)
      log.read = async (after, bounds) => {
        const answer = await MemoryLog.prototype.read.call(log, after, { length: 1_000_000, bytes: 1e9 })
        if (answer.gap) return answer
        scanned += answer.entries.length
        return { gap: false, entries: answer.entries.slice(0, bounds.length) }
      }
      return { log, bounds, scanned: () => scanned }
    },
    'examines at most the limit and the entry itself, and one entry for a cursor that is not held',
    'reads the oldest up to the limit',
  ],
  [
    'holds less than it says',
    () => ({ log: new MemoryLog({ length: 240 }), bounds }),
    'holds as many of the newest entries as it was created for',
    'answers gap, expired, when an entry after the cursor was dropped',
  ],
  [
    'resumes after entries that the engine has lost',
    () => ({ log: new MemoryLog(bounds), bounds, clear() {} }),
    'answers gap when the engine has lost everything, and followers receive every later entry or a reset',
    'answers gap, expired, when an entry after the cursor was dropped',
  ],
  [
    'shares nothing with its other connections',
    () => ({ log: new MemoryLog(bounds), bounds, connect: () => new MemoryLog(bounds) }),
    'reads and follows what another log has appended, by the same cursors',
    'reads the entries after each cursor, and none after the last',
  ],
  [
    'has no connect(), without saying so,',
    () => new MemoryLog(bounds),
    'continues when another log closes, and keeps what that one appended',
    'closes twice, and at once',
  ],
]

/** What the suite waits for in vain. */
const endless: [what: string, make: () => EventLog | EventLogHost, name: string][] = [
  [
    'does not say that its engine is down',
    () => stating((up, _, to) => up && to.state(up)),
    'reports why the engine is down and that it is up again, and gives every later entry',
  ],
  [
    'stays open for followers',
    () => {
      const log = new MemoryLog(bounds)
      const { follow } = log
      log.follow = (follower, options) =>
        follow.call(log, follower, options).then(() => new Promise(() => {}))
      return log
    },
    'ends every follow at close',
  ],
  [
    'leaves a timer',
    () => {
      const log = new MemoryLog(bounds)
      log.follow = (follower, options) => {
        setTimeout(() => {}, 1_500)
        return MemoryLog.prototype.follow.call(log, follower, options)
      }
      return log
    },
    'lets go of every timer and connection at close',
  ],
]

/** What becomes of one case of the suite. */
function outcomeOf(name: string, create: () => EventLogHost): Promise<string> {
  const cases = new Map<string, () => Promise<void>>()
  eventLogSuite({ test: (name, run) => cases.set(name, run), create })
  const run = cases.get(name)
  if (run === undefined) throw new Error(`no such case: ${name}`)
  return run().then(
    () => 'passes',
    () => 'fails',
  )
}

function sound(): EventLogHost {
  const engine = new MemoryLog(bounds)
  const logs: FaultyLog[] = []
  const connect = () => {
    const log = new FaultyLog(engine)
    logs.push(log)
    return log
  }
  const clear = () => {
    for (const log of logs) log.reset('log-changed')
  }
  const cut = () => {
    for (const log of logs) log.down()
    return () => {
      for (const log of logs) log.up()
    }
  }
  return { log: connect(), bounds, connect, clear, cut, scanned: () => 0 }
}

/** A log that tells followers `change` of its states. */
function stating(change: (up: boolean, error: unknown, to: LogFollower) => void): EventLogHost {
  const host = sound()
  const { follow } = host.log
  class Stating extends Relay {
    override state(up: boolean, error?: unknown): void {
      change(up, error, this.to)
    }
  }
  host.log.follow = (follower, options) => follow.call(host.log, new Stating(follower), options)
  return host
}

const hostOf = (made: EventLog | EventLogHost): EventLogHost => ('log' in made ? made : { log: made, bounds })

test.each(broken)('a log that %s fails its case and passes another', async (_, make, fails, passes) => {
  expect(await outcomeOf(fails, () => hostOf(make()))).toBe('fails')
  expect(await outcomeOf(passes, () => hostOf(make()))).toBe('passes')
})

test.each(endless)('a log that %s does not get through its case', async (_, make, name) => {
  const patience = new Promise((resolve) => setTimeout(resolve, 500, 'waits').unref())
  expect(await Promise.race([outcomeOf(name, () => hostOf(make())), patience])).toBe('waits')
})

test('all these cases pass on a log that is not broken', async () => {
  for (const name of new Set(broken.flatMap(([, , fails, passes]) => [fails, passes]))) {
    expect([name, await outcomeOf(name, sound)]).toEqual([name, 'passes'])
  }
})

test('cases that need what the engine has not got are left out when that is said, and only then', () => {
  const count = (options: object) => {
    let registered = 0
    eventLogSuite({ test: () => registered++, create: () => hostOf(new MemoryLog()), ...options })
    return registered
  }
  expect(count({})).toBeGreaterThan(80)
  expect(count({ without: ['connect'] })).toBe(count({}) - 4)
  expect(count({ without: ['connect', 'clear', 'cut', 'scanned'] })).toBe(count({}) - 7)
})

test('the suite runs in node:test', async () => {
  const script = `
    import { test } from 'node:test'
    import { MemoryLog } from '@downstream/core'
    import { eventLogSuite } from '@downstream/testing'
    const bounds = { length: 250 }
    const create = () => ({ log: new MemoryLog(bounds), bounds })
    eventLogSuite({ test, create, without: ['connect', 'clear', 'cut', 'scanned'] })`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...onSources, '--input-type=module', '-e', script],
    { cwd: join(__dirname, '..') },
  )
  expect(stdout).toMatch(/^. pass [1-9]\d$/m)
  expect(stdout).toMatch(/^. fail 0$/m)
})
