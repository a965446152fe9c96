import assert from 'node:assert/strict'
import { setMaxListeners } from 'node:events'
import type { LogEntry } from '@downstream/core'
import { atMost, type LogCase } from './log-case.ts'

/** Reading the entries after one that is stored. */
export const readCases: LogCase[] = [
  {
    name: 'reads the entries after each cursor, and none after the last',
    async run(tools) {
      const entries = await tools.fill(40)
      for (const [n, { cursor }] of entries.entries()) {
        assert.deepEqual(await tools.read(cursor), entries.slice(n + 1))
      }
    },
  },
  {
    name: 'reads from the end of an empty log, before and after the first entry',
    async run(tools) {
      const start = await tools.end()
      assert.deepEqual(await tools.read(start), [])
      assert.equal(await tools.end(), start)
      const first = await tools.append()
      assert.deepEqual(await tools.read(start), [first])
      const rest = await tools.fill(20)
      assert.deepEqual(await tools.read(start), [first, ...rest])
    },
  },
  {
    name: 'reads the oldest entries, up to the limit',
    async run(tools) {
      const start = await tools.end()
      const entries = await tools.fill(40)
      for (const limit of [1, 2, 39, 40, 41, 1_000_000]) {
        for (const first of [0, 10]) {
          const page = await tools.readPage(entries[first - 1]?.cursor ?? start, atMost(limit))
          assert.ok(page.length > 0, 'no entry, though there are some')
          assert.deepEqual(page, entries.slice(first, first + page.length))
        }
      }
    },
  },
  {
    name: 'reads all entries in pages of any size, without losing or repeating one',
    async run(tools) {
      const start = await tools.end()
      const entries = await tools.fill(60)
      for (const limit of [1, 7, 20, 60, 61]) {
        assert.deepEqual(await tools.read(start, tools.log, atMost(limit)), entries)
      }
    },
  },
  {
    name: 'reads no more bytes than requested beyond the first entry, and at least one entry',
    async run(tools) {
      const start = await tools.end()
      const entries: LogEntry[] = []
      for (const size of [1, 50_000, 400_000, 10, 120_000, 120_000, 3]) {
        entries.push(await tools.append({ channels: ['c'], data: 'é'.repeat(size / 2) }))
      }
      for (const bytes of [1, 60_000, 250_000]) {
        assert.deepEqual(await tools.read(start, tools.log, atMost(1_000, bytes)), entries)
      }
    },
  },
  {
    name: 'drops a read whose signal aborts, and rejects with its reason',
    async run(tools) {
      const { cursor } = await tools.append()
      const reason = new Error('The client disconnected.')
      const isReason = (error: unknown) => error === reason
      const aborted = AbortSignal.abort(reason)
      await assert.rejects(tools.log.read(cursor, atMost(10), aborted), isReason)
      const leaving = new AbortController()
      // A log may add a listener for each read, and Node would warn of a leak.
      setMaxListeners(100, leaving.signal)
      const reads = Array.from({ length: 100 }, () =>
        tools.log.read(cursor, atMost(10), leaving.signal).catch((error: unknown) => error),
      )
      leaving.abort(reason)
      // A read that was in flight may have finished.
      for (const answer of await Promise.all(reads)) {
        if (answer !== reason) assert.deepEqual(answer, { gap: false, entries: [] })
      }
      assert.deepEqual(await tools.read(cursor), [])
    },
  },
  {
    name: 'reads the same for every caller, however often',
    async run(tools) {
      const start = await tools.end()
      const entries = await tools.fill(20)
      const readings = await Promise.all(Array.from({ length: 50 }, () => tools.read(start)))
      for (const reading of readings) assert.deepEqual(reading, entries)
    },
  },
  {
    name: 'reads the beginning of the final order while appends are in flight',
    async run(tools) {
      const start = await tools.end()
      const readings: Promise<unknown[]>[] = []
      const appends: Promise<unknown[]>[] = []
      for (let n = 0; n < 30; n++) {
        appends.push(tools.fill(4))
        readings.push(tools.read(start))
        if (n % 3 === 0) await readings[n]
      }
      const entries = (await Promise.all(appends)).flat()
      for (const reading of await Promise.all(readings)) {
        assert.deepEqual(reading, entries.slice(0, reading.length))
      }
      assert.deepEqual(await tools.read(start), entries)
    },
  },
  {
    name: 'scans no more entries than the limit and that of the cursor, and one entry for a cursor that is not stored',
    needs: 'scanned',
    async run(tools) {
      const start = await tools.end()
      // Cursors of another log from before and after these entries: an engine that orders by time would find a page.
      const foreign = await tools.createHost()
      const strangers = await tools.fill(3, foreign.log)
      const entries = await tools.fill(150)
      strangers.push(...(await tools.fill(3, foreign.log)))
      for (const cursor of [start, ...entries.map(({ cursor }) => cursor)]) {
        const scanned = await tools.scannedBy(() => tools.log.read(cursor, atMost(10)))
        // The entry of the cursor may be read twice: to check that it is stored, and that it still is.
        assert.ok(scanned <= 12, `${scanned} entries for a limit of 10 after '${cursor}'`)
      }
      const forged = [...strangers.map(({ cursor }) => cursor), `${start}0`, 'nothing', '', '*']
      for (const cursor of forged) {
        const scanned = await tools.scannedBy(() => tools.log.read(cursor, atMost(1_000)))
        assert.ok(scanned <= 2, `${scanned} entries for '${cursor}', which is not held`)
      }
    },
  },
]
