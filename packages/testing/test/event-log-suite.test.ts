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

/** Passes everything on, except what a test changes. */
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

/** Delivers `change` of each batch to followers. */
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

/** Returns `change` of each read. */
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
    'reports why the engine is down and that it is up again, and then delivers all later entries',
    'delivers each entry once and in order',
  ],
  [
    'drops an entry on the way to followers',
    () => telling((batch) => batch.filter((entry) => !isThird(entry))),
    'delivers each entry once and in order',
    'reads all entries in pages of any size, without losing or repeating one',
  ],
  [
    'drops an entry of a read',
    () => reading(({ entries }) => entries.filter((entry) => !isThird(entry))),
    'reads all entries in pages of any size, without losing or repeating one',
    'delivers each entry once and in order',
  ],
  [
    'repeats an entry to followers',
    () => telling((batch) => batch.flatMap((entry) => (isThird(entry) ? [entry, entry] : [entry]))),
    'delivers each entry once and in order',
    'starts with the newest entries, oldest first, at most as many as requested',
  ],
  [
    'delivers two entries in the wrong order',
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
    'delivers each entry once and in order',
    'keeps the order of concurrent appends, even of a small one after a large one',
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
    'reads the oldest entries, up to the limit',
    'has stored an entry at its position when append resolves',
  ],
  [
    'limits the count of a page and not its bytes',
    () => {
      const log = new MemoryLog(bounds)
      const { read } = log
      log.read = (after, { length }, signal) => read.call(log, after, { length, bytes: 1e9 }, signal)
      return log
    },
    'reads no more bytes than requested beyond the first entry, and at least one entry',
    'reads the oldest entries, up to the limit',
  ],
  [
    'limits the count of a backlog and not its bytes',
    () => {
      const log = new MemoryLog(bounds)
      const { follow } = log
      log.follow = (follower, { backlog }) =>
        follow.call(log, follower, { backlog: { ...backlog, bytes: 1e9 } })
      return log
    },
    'starts with the newest entries within a limit of bytes, but at least one',
    'starts with the newest entries, oldest first, at most as many as requested',
  ],
  [
    'reads for callers whose signal has aborted',
    () => {
      const log = new MemoryLog(bounds)
      const { read } = log
      log.read = (after, bounds) => read.call(log, after, bounds)
      return log
    },
    'drops a read whose signal aborts, and rejects with its reason',
    'reads the oldest entries, up to the limit',
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
    'starts with the newest entries, oldest first, at most as many as requested',
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
    'accepts the cursors of another log',
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
    'answers gap for every cursor of another log, whether it has fewer, as many or more entries',
    'reads the entries after each cursor, and none after the last',
  ],
  [
    'accepts cursors with small changes',
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
    'starts with a backlog larger than its bound',
    () => {
      const log = new MemoryLog(bounds)
      const { follow } = log
      log.follow = (follower, { backlog }) =>
        follow.call(log, follower, { backlog: { ...backlog, length: backlog.length + 1 } })
      return log
    },
    'starts with the newest entries, oldest first, at most as many as requested',
    'delivers each entry once and in order',
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
    'starts with the newest entries, oldest first, at most as many as requested',
    'calls start first and only once, whatever is appended meanwhile',
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
    'calls start first and only once, whatever is appended meanwhile',
    'stores empty data unchanged',
  ],
  [
    'loses what is appended right after the backlog',
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
    'neither loses nor repeats an entry after the backlog, with appends in flight and 0 turns between',
    'starts with the newest entries, oldest first, at most as many as requested',
  ],
  [
    'delivers the backlog again after it',
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
    'neither loses nor repeats an entry after the backlog, with appends in flight and 5 turns between',
    'starts with the newest entries, oldest first, at most as many as requested',
  ],
  [
    'delivers an entry before it can be read',
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
    'can read an entry as soon as followers receive it',
    'delivers each entry once and in order',
  ],
  [
    'trims data',
    () => appending((entry) => ({ ...entry, data: entry.data.trim() })),
    'stores blanks at both ends unchanged',
    'stores an event unchanged',
  ],
  [
    "takes '' for no event",
    () => appending(({ event, ...entry }) => (event ? { ...entry, event } : entry)),
    "stores an event of '' unchanged",
    'stores an event of undefined unchanged',
  ],
  [
    'gives two entries the same cursor',
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
    'accepts appends after close',
    () => {
      const log = new MemoryLog(bounds)
      log.close = async () => {}
      return log
    },
    'refuses appends after close with ERR_SSE_LOG_CLOSED',
    'can be closed without ever being used',
  ],
  [
    'scans the whole log for a page',
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
    'scans no more entries than the limit and that of the cursor, and one entry for a cursor that is not stored',
    'reads the oldest entries, up to the limit',
  ],
  [
    'holds fewer entries than it says',
    () => ({ log: new MemoryLog({ length: 240 }), bounds }),
    'holds as many of the newest entries as its bounds allow',
    'answers gap, expired, when an entry after the cursor was dropped',
  ],
  [
    'resumes after entries that the engine has lost',
    () => ({ log: new MemoryLog(bounds), bounds, clear() {} }),
    'answers gap when the engine has lost everything; followers receive every later entry, or a reset',
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
    'can be closed twice, also concurrently',
  ],
]

/** What the suite waits for until its timeout. */
const endless: [what: string, make: () => EventLog | EventLogHost, waits: string, passes: string][] = [
  [
    'stops delivering once a follower has thrown',
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
    'delivers later entries to a follower that throws, and to the others',
    'delivers each entry once and in order',
  ],
  [
    'does not say that its engine is down',
    () => stating((up, _, to) => up && to.state(up)),
    'reports why the engine is down and that it is up again, and then delivers all later entries',
    'reads the entries after each cursor, and none after the last',
  ],
  [
    'keeps its followers after close',
    () => {
      const log = new MemoryLog(bounds)
      const { follow } = log
      log.follow = (follower, options) =>
        follow.call(log, follower, options).then(() => new Promise(() => {}))
      return log
    },
    'ends every follow at close',
    'reads the entries after each cursor, and none after the last',
  ],
  [
    'leaves a timer after close',
    () => {
      const log = new MemoryLog(bounds)
      log.follow = (follower, options) => {
        setTimeout(() => {}, 1_500)
        return MemoryLog.prototype.follow.call(log, follower, options)
      }
      return log
    },
    'releases every timer and connection at close',
    'reads the entries after each cursor, and none after the last',
  ],
]

/** The outcome of one case of the suite. */
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

/** A log that reports `change` of its states to followers. */
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

test.each(endless)(
  'a log that %s does not finish its case, and passes another',
  async (_, make, waits, passes) => {
    const timeout = new Promise((resolve) => setTimeout(resolve, 500, 'waits').unref())
    expect(await Promise.race([outcomeOf(waits, () => hostOf(make())), timeout])).toBe('waits')
    expect(await outcomeOf(passes, () => hostOf(make()))).toBe('passes')
  },
)

test('all these cases pass on a log that is not broken', async () => {
  const names = [...broken, ...endless].flatMap(([, , fails, passes]) => [fails, passes])
  for (const name of new Set(names)) {
    expect([name, await outcomeOf(name, sound)]).toEqual([name, 'passes'])
  }
})

test('skips the cases that need something that the engine lacks, if and only if the options say so', () => {
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
