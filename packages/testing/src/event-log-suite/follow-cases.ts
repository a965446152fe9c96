import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import type { LogEntry, LogReading } from '@downstream/core'
import { eventually } from '../eventually.ts'
import { atMost, type LogCase, type LogTools } from './log-case.ts'
import { plain, RecordingFollower } from './recording-follower.ts'

/** Waits until the followers have received a last entry. Any other entry that they lack by then is lost. */
async function settle(tools: LogTools, ...followers: RecordingFollower[]): Promise<LogEntry> {
  // Entries that are appended before a start may be in its backlog.
  for (const follower of followers) await follower.started()
  const last = await tools.append()
  for (const follower of followers) await follower.reaches(last)
  return last
}

/** Asserts that a follower received start once, with the end and the entries before it, and then all later entries. */
function assertReceivedAll(
  order: readonly LogEntry[],
  { backlog, calls, head, received, resets }: RecordingFollower,
): void {
  assert.deepEqual([calls.indexOf('start'), calls.lastIndexOf('start')], [0, 0], 'start comes first and once')
  // The end of an empty log is not an entry.
  const begun = order.findIndex(({ cursor }) => cursor === head) + 1
  assert.deepEqual(backlog, order.slice(begun - backlog.length, begun), 'backlog')
  assert.deepEqual(received, order.slice(begun), 'entries')
  assert.deepEqual(resets, [])
}

/** Following: a start, then every entry once and in order, for as long as the log is open. */
export const followCases: LogCase[] = [
  {
    name: 'starts a follower of an empty log with its end and no entries, and reports that it is up',
    async run(tools) {
      const follower = await tools.follow(10)
      await eventually('state', () => follower.up)
      assert.deepEqual(follower.calls, ['start', 'state'])
      assert.deepEqual(follower.backlog, [])
      assert.match(follower.head, /^[\w.-]{1,64}$/)
    },
  },
  {
    name: 'calls start first and only once, whatever is appended meanwhile',
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
    name: 'starts with the newest entries, oldest first, at most as many as requested',
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
    name: 'starts with the newest entries within a limit of bytes, but at least one',
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
    name: 'delivers later entries to a follower that throws, and to the others',
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
      for (const follower of [throwing, other]) assertReceivedAll(order, follower)
    },
  },
  {
    name: 'delivers each entry once and in order',
    async run(tools) {
      const follower = await tools.follow(10)
      const order = await tools.fill(50)
      for (let n = 0; n < 20; n++) order.push(await tools.append())
      order.push(await settle(tools, follower))
      assertReceivedAll(order, follower)
    },
  },
  {
    name: 'delivers the same to every follower, whenever it started',
    async run(tools) {
      const followers = [await tools.follow()]
      const order: LogEntry[] = []
      for (let n = 0; n < 10; n++) {
        order.push(...(await tools.fill(8)))
        followers.push(await tools.follow(n))
      }
      order.push(await settle(tools, ...followers))
      for (const [n, follower] of followers.entries()) {
        assertReceivedAll(order, follower)
        assert.equal(follower.backlog.length, Math.max(0, n - 1))
      }
    },
  },
  ...[0, 1, 2, 5].map(
    (turns): LogCase => ({
      name: `neither loses nor repeats an entry after the backlog, with appends in flight and ${turns} turns between`,
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
          assertReceivedAll(order, follower)
          assert.ok(follower.backlog.length <= n)
        }
      },
    }),
  ),
  {
    name: 'can read an entry as soon as followers receive it',
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
    name: 'loses nothing between pages from an old cursor and the followed entries',
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
    name: 'accepts appends and followers while it delivers an entry, and keeps the order for all',
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
      for (const follower of [first, second, late]) assertReceivedAll(order, follower)
    },
  },
  {
    name: 'reports why the engine is down and that it is up again, and then delivers all later entries',
    needs: 'cut',
    async run(tools) {
      const follower = await tools.follow()
      const before = await tools.fill(3)
      await follower.reaches(before.at(-1) as LogEntry)
      const restore = await tools.cut()
      await eventually('state(false)', () => follower.up === false)
      assert.ok(follower.error, 'state(false) came without an error')
      await restore()
      await eventually('state(true)', () => follower.up === true)
      const after = await tools.fill(3)
      await follower.reaches(after.at(-1) as LogEntry)
      assert.deepEqual(follower.received, [...before, ...after])
      assert.deepEqual(follower.resets, [])
    },
  },
]

/** Reads pages until the follower has the next entries, like a stream of a client that reconnects. */
async function join(tools: LogTools, from: LogEntry, backlog: number): Promise<void> {
  const follower = await tools.follow(backlog)
  const entries: LogEntry[] = []
  let cursor = from.cursor
  const known = () => [follower.head, ...follower.all.map(({ cursor }) => cursor)]
  while (!known().includes(cursor)) {
    const page = await tools.readPage(cursor, atMost(7))
    // A read may return entries that followers have not received yet.
    if (page.length === 0) await eventually('the follower, at the end', () => known().includes(cursor))
    entries.push(...page)
    cursor = page.at(-1)?.cursor ?? cursor
  }
  const last = await settle(tools, follower)
  const at = follower.all.findIndex((entry) => entry.cursor === cursor)
  entries.push(...follower.all.slice(at + 1))
  const all = await tools.read(from.cursor)
  const end = all.findIndex(({ cursor }) => cursor === last.cursor)
  assert.deepEqual(entries.slice(0, end + 1), all.slice(0, end + 1))
}
