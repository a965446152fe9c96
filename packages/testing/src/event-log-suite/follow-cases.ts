import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import type { LogEntry, LogReading } from '@downstream/core'
import { eventually } from '../eventually.ts'
import { atMost, type LogCase, type LogTools } from './log-case.ts'
import { plain, RecordingFollower } from './recording-follower.ts'

/** A follower receives every entry once: anything else is lost or repeated. */
async function settle(tools: LogTools, ...followers: RecordingFollower[]): Promise<LogEntry> {
  // What is appended before a start may be in its backlog.
  for (const follower of followers) await follower.started()
  const last = await tools.append()
  for (const follower of followers) await follower.reaches(last)
  return last
}

/** A follower receives `start` once, with the backlog, and then every later entry. */
function assertTold(
  order: readonly LogEntry[],
  { backlog, calls, head, received, resets }: RecordingFollower,
): void {
  assert.deepEqual([calls.indexOf('start'), calls.lastIndexOf('start')], [0, 0], 'start comes first and once')
  // An empty log's end is no entry.
  const begun = order.findIndex(({ cursor }) => cursor === head) + 1
  assert.deepEqual(backlog, order.slice(begun - backlog.length, begun), 'backlog')
  assert.deepEqual(received, order.slice(begun), 'entries')
  assert.deepEqual(resets, [])
}

/** Following: a start, then every entry once, in order, for as long as the log is open. */
export const followCases: LogCase[] = [
  {
    name: 'starts a follower of an empty log with its end, an empty backlog, and the state up',
    async run(tools) {
      const follower = await tools.follow(10)
      await eventually('state', () => follower.up)
      assert.deepEqual(follower.calls, ['start', 'state'])
      assert.deepEqual(follower.backlog, [])
      assert.match(follower.head, /^[\w.-]{1,64}$/)
    },
  },
  {
    name: 'calls start first and once, even when entries are appended meanwhile',
    async run(tools) {
      await tools.fill(5)
      const followers = [tools.watch(3), tools.watch()]
      await tools.fill(20)
      await settle(tools, ...followers)
      for (const { calls } of followers) {
        assert.deepEqual([calls.indexOf('start'), calls.lastIndexOf('start')], [0, 0])
      }
    },
  },
  {
    name: 'starts with the newest entries, oldest first, not more than asked for',
    async run(tools) {
      const entries = await tools.fill(30)
      for (const backlog of [0, 1, 2, 29, 30, 31, 1_000_000]) {
        const follower = await tools.follow(backlog)
        assert.deepEqual(follower.backlog, backlog === 0 ? [] : entries.slice(-backlog))
        assert.equal(follower.head, entries.at(-1)?.cursor)
      }
    },
  },
  {
    name: 'starts with the newest entries within a bound of bytes, and with one at least',
    async run(tools) {
      const entries: LogEntry[] = []
      for (const size of [10, 200_000, 10, 90_000, 90_000, 10])
        entries.push(await tools.append({ channels: ['c'], data: 'x'.repeat(size) }))
      for (const [bytes, expected] of [
        [1, 1],
        [100_000, 2],
        [190_000, 4],
        [10_000_000, 6],
      ] as const) {
        const follower = new RecordingFollower()
        tools.log.follow(follower, { backlog: atMost(1_000, bytes) }).catch(() => {})
        await follower.started()
        assert.deepEqual(follower.backlog, entries.slice(-expected))
        assert.equal(follower.head, entries.at(-1)?.cursor)
      }
    },
  },
  {
    name: 'gives later entries to a follower that throws, and to the others',
    async run(tools) {
      const throwing = await tools.follow()
      const other = await tools.follow()
      const { entries } = throwing
      let thrown = 0
      throwing.entries = (batch) => {
        entries.call(throwing, batch)
        if (thrown++ < 3) throw new Error('This follower throws.')
      }
      const order: LogEntry[] = []
      for (let n = 0; n < 5; n++) {
        order.push(await tools.append())
        await other.reaches(order[n] as LogEntry)
      }
      order.push(await settle(tools, throwing, other))
      for (const follower of [throwing, other]) assertTold(order, follower)
    },
  },
  {
    name: 'gives each entry once and in order',
    async run(tools) {
      const follower = await tools.follow(10)
      const order = await tools.fill(50)
      for (let n = 0; n < 20; n++) order.push(await tools.append())
      order.push(await settle(tools, follower))
      assertTold(order, follower)
    },
  },
  {
    name: 'gives every follower the same entries, whenever it started',
    async run(tools) {
      const followers = [await tools.follow()]
      const order: LogEntry[] = []
      for (let n = 0; n < 10; n++) {
        order.push(...(await tools.fill(8)))
        followers.push(await tools.follow(n))
      }
      order.push(await settle(tools, ...followers))
      for (const [n, follower] of followers.entries()) {
        assertTold(order, follower)
        assert.equal(follower.backlog.length, Math.max(0, n - 1))
      }
    },
  },
  ...[0, 1, 2, 5].map(
    (turns): LogCase => ({
      name: `has no hole and no repetition after the backlog, with appends in flight and ${turns} turns between`,
      async run(tools) {
        const followers: RecordingFollower[] = []
        const appends: Promise<LogEntry[]>[] = []
        for (let n = 0; n < 12; n++) {
          appends.push(tools.fill(5))
          for (let passed = 0; passed < turns; passed++) await turn()
          followers.push(tools.watch(n))
        }
        const order = (await Promise.all(appends)).flat()
        for (const follower of followers) await follower.started()
        await turn()
        order.push(await settle(tools, ...followers))
        for (const [n, follower] of followers.entries()) {
          assertTold(order, follower)
          assert.ok(follower.backlog.length <= n)
        }
      },
    }),
  ),
  {
    name: 'has an entry to read when followers receive it',
    async run(tools) {
      const readings: Promise<LogReading>[] = []
      const follower = await tools.follow()
      const { entries } = follower
      follower.entries = (batch) => {
        for (const { cursor } of batch) readings.push(tools.log.read(cursor, atMost(1_000)))
        entries.call(follower, batch)
      }
      const order = await tools.fill(20)
      order.push(await settle(tools, follower))
      for (const [n, reading] of (await Promise.all(readings)).entries()) {
        assert.ok(!reading.gap, `a gap after entry ${n}, when followers received it`)
        assert.deepEqual(reading.entries.map(plain), order.slice(n + 1, n + 1 + reading.entries.length))
      }
    },
  },
  {
    name: 'joins: pages from an old cursor up to an entry that was followed leave no hole',
    async run(tools) {
      const order = await tools.fill(60)
      const appends: Promise<LogEntry[]>[] = []
      const joins: Promise<void>[] = []
      for (const backlog of [0, 1, 10]) {
        appends.push(tools.fill(10))
        joins.push(join(tools, order[4] as LogEntry, backlog))
        appends.push(tools.fill(10))
      }
      await Promise.all([...appends, ...joins])
    },
  },
  {
    name: 'accepts appends and followers while it calls followers, and keeps the order for all',
    async run(tools) {
      const first = await tools.follow()
      const appends: Promise<LogEntry>[] = []
      let late: RecordingFollower | undefined
      const { entries } = first
      first.entries = (batch) => {
        if (appends.length < 5) appends.push(tools.append())
        if (appends.length === 3) late ??= tools.watch(2)
        entries.call(first, batch)
      }
      const second = await tools.follow()
      const order = [await tools.append()]
      await eventually('the appends', () => appends.length === 5)
      order.push(...(await Promise.all(appends)))
      assert.ok(late)
      order.push(await settle(tools, first, second, late))
      for (const follower of [first, second, late]) assertTold(order, follower)
    },
  },
  {
    name: 'reports why the engine is down and that it is up again, and gives every later entry',
    needs: 'cut',
    async run(tools) {
      const follower = await tools.follow()
      const before = await tools.fill(3)
      await follower.reaches(before.at(-1) as LogEntry)
      const restore = await tools.cut()
      await eventually('being told that it is down', () => follower.up === false)
      assert.ok(follower.error, 'state(false) came without an error')
      await restore()
      await eventually('being told that it is up', () => follower.up === true)
      const after = await tools.fill(3)
      await follower.reaches(after.at(-1) as LogEntry)
      assert.deepEqual(follower.received, [...before, ...after])
      assert.deepEqual(follower.resets, [])
    },
  },
]

/** Reads in pages until the follower has what comes next, as a stream does that comes back. */
async function join(tools: LogTools, from: LogEntry, backlog: number): Promise<void> {
  const follower = await tools.follow(backlog)
  const entries: LogEntry[] = []
  let place = from.cursor
  const known = () => [follower.head, ...follower.all.map(({ cursor }) => cursor)]
  while (!known().includes(place)) {
    const page = await tools.readPage(place, atMost(7))
    // Entries can be read before followers have received them.
    if (page.length === 0) await eventually('the follower, at the end', () => known().includes(place))
    entries.push(...page)
    place = page.at(-1)?.cursor ?? place
  }
  const last = await settle(tools, follower)
  const at = follower.all.findIndex(({ cursor }) => cursor === place)
  entries.push(...follower.all.slice(at + 1))
  const all = await tools.read(from.cursor)
  const end = all.findIndex(({ cursor }) => cursor === last.cursor)
  assert.deepEqual(entries.slice(0, end + 1), all.slice(0, end + 1))
}
