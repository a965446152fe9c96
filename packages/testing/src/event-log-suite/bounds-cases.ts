import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LogEntry } from '@downstream/core'
import { eventually } from '../eventually.ts'
import { assertGap, atMost, type LogCase } from './log-case.ts'
import { plain } from './recording-follower.ts'

/** The oldest entries are dropped, but never silently. */
export const boundsCases: LogCase[] = [
  {
    name: 'holds as many of the newest entries as its bounds allow',
    async run(tools) {
      const { length } = tools.host.bounds
      const entries = await tools.fill(length + tools.overflow)
      const newest = entries.slice(-length) as [LogEntry, ...LogEntry[]]
      assert.deepEqual(await tools.read(newest[0].cursor), newest.slice(1))
    },
  },
  {
    name: 'answers gap, expired, when an entry after the cursor was dropped',
    async run(tools) {
      const start = await tools.end()
      const dropped = await tools.fill(5)
      await tools.fill(tools.overflow)
      assertGap(await tools.log.read(start, atMost(10)), 'where the empty log ended', 'expired')
      for (const { cursor } of dropped) assertGap(await tools.log.read(cursor, atMost(10)), cursor, 'expired')
    },
  },
  {
    name: 'answers each cursor with a gap or with every entry after it, at every moment',
    async run(tools) {
      const known: LogEntry[] = []
      for (let round = 0; known.length < 2 * tools.overflow; round++) {
        known.push(...(await tools.fill(40 + (round % 3))))
        const readings = await Promise.all(known.map(({ cursor }) => tools.log.read(cursor, atMost(5))))
        let gap = true
        for (const [n, reading] of readings.entries()) {
          if (reading.gap) assert.ok(gap, 'a gap for a newer cursor than one without a gap')
          else {
            const { length } = reading.entries
            assert.ok(length > 0 || n === known.length - 1, 'no entry, though there are some')
            assert.deepEqual(reading.entries.map(plain), known.slice(n + 1, n + 1 + length))
          }
          gap = reading.gap
        }
      }
    },
  },
  {
    name: 'starts with all stored entries if the backlog asks for more',
    async run(tools) {
      const { length } = tools.host.bounds
      const entries = await tools.fill(length + tools.overflow)
      const { head, backlog } = await tools.follow(entries.length)
      assert.ok(backlog.length >= length)
      assert.deepEqual(backlog, entries.slice(-backlog.length))
      assert.equal(head, entries.at(-1)?.cursor)
    },
  },
  {
    name: 'delivers every entry to a follower that keeps up, however many are dropped',
    async run(tools) {
      const follower = await tools.follow()
      const entries: LogEntry[] = []
      while (entries.length < 2 * tools.overflow) {
        entries.push(...(await tools.fill(50)))
        await follower.reaches(entries.at(-1) as LogEntry)
      }
      assert.deepEqual(follower.received, entries)
      assert.deepEqual(follower.resets, [])
    },
  },
  {
    name: 'answers gap when the engine has lost everything; followers receive every later entry, or a reset',
    needs: 'clear',
    async run(tools) {
      const follower = await tools.follow()
      const start = follower.head
      const lost = await tools.fill(10)
      await follower.reaches(lost.at(-1) as LogEntry)
      await tools.clear()
      for (const cursor of [start, ...lost.slice(0, -1).map(({ cursor }) => cursor)]) {
        assertGap(await tools.log.read(cursor, atMost(10)), cursor, 'expired', 'malformed')
      }
      // Entries between the loss and the reset are lost too, but not silently.
      const all = [...lost]
      for (
        let n = 0;
        n < 100 && follower.resets.length === 0 && follower.received.length <= lost.length;
        n++
      ) {
        all.push(await tools.append())
        await sleep(20)
      }
      all.push(...(await tools.fill(20)))
      const { cursor } = all.at(-1) as LogEntry
      await eventually(
        'the last entry, or a reset after it',
        () => follower.received.at(-1)?.cursor === cursor || follower.resets.at(-1)?.head === cursor,
      )
      const { received } = follower
      assert.deepEqual(received, all.slice(all.length - received.length))
      const { head } = follower.resets.at(-1) ?? {}
      if (head === undefined)
        assert.equal(received.length, all.length, 'entries are missing, without a reset')
      else assert.deepEqual(received, await tools.read(head))
    },
  },
]
