import assert from 'node:assert/strict'
import type { LogEntry } from '@downstream/core'
import type { LogCase } from './log-case.ts'

/** Several logs on one engine, as in several processes: all of them see what one does. */
export const sharedCases: LogCase[] = [
  {
    name: 'reads and follows what another log has appended, by the same cursors',
    needs: 'connect',
    async run(tools) {
      const other = await tools.connect()
      const start = await tools.end()
      assert.equal(await tools.end(other), start)
      const follower = await tools.follow(0, other)
      const entries = await tools.fill(20)
      assert.deepEqual(await tools.read(start, other), entries)
      assert.deepEqual(await tools.read(entries[4]?.cursor ?? '', other), entries.slice(5))
      await follower.reaches(entries.at(-1) as LogEntry)
      assert.deepEqual(follower.received, entries)
      assert.deepEqual((await tools.follow(10, other)).backlog, entries.slice(-10))
    },
  },
  {
    name: 'puts the appends of several logs into one order that keeps the order of each',
    needs: 'connect',
    async run(tools) {
      const logs = [tools.log, await tools.connect(), await tools.connect()]
      const start = await tools.end()
      const followers = await Promise.all(logs.map((log) => tools.follow(0, log)))
      const appended = await Promise.all(logs.map((log) => tools.fill(30, log)))
      const last = await tools.append()
      const order = await tools.read(start)
      for (const [n, log] of logs.entries()) {
        await followers[n]?.reaches(last)
        assert.deepEqual(followers[n]?.received, order)
        assert.deepEqual(await tools.read(start, log), order)
        const own = new Set(appended[n]?.map(({ cursor }) => cursor))
        assert.deepEqual(
          order.filter(({ cursor }) => own.has(cursor)),
          appended[n],
        )
      }
      assert.equal(new Set(order.map(({ cursor }) => cursor)).size, 91)
    },
  },
  {
    name: 'continues when another log closes, and keeps what that one appended',
    needs: 'connect',
    async run(tools) {
      const other = await tools.connect()
      const start = await tools.end()
      const [follower, ended] = [await tools.follow(), await tools.follow(0, other)]
      const entries = await tools.fill(5, other)
      await other.close()
      await ended.done
      entries.push(...(await tools.fill(5)))
      await follower.reaches(entries.at(-1) as LogEntry)
      assert.deepEqual(follower.received, entries)
      assert.deepEqual(await tools.read(start), entries)
    },
  },
  {
    name: 'continues from an old cursor after all logs were closed and a new one was opened',
    needs: 'connect',
    async run(tools) {
      const entries = await tools.fill(20)
      await tools.log.close()
      const log = await tools.connect()
      assert.deepEqual(await tools.read(entries[4]?.cursor ?? '', log), entries.slice(5))
      const later = await tools.append(tools.newEntry(), log)
      assert.deepEqual(await tools.read(entries[18]?.cursor ?? '', log), [entries[19], later])
    },
  },
]
