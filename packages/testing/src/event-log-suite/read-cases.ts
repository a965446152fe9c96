import assert from 'node:assert/strict'
import type { LogCase } from './log-case.ts'

/** Reading what lies behind an entry that is held. */
export const readCases: LogCase[] = [
  {
    name: 'reads what lies behind each cursor, and nothing behind the last',
    async run(tools) {
      const entries = await tools.fill(40)
      for (const [n, { cursor }] of entries.entries()) {
        assert.deepEqual(await tools.read(cursor), entries.slice(n + 1))
      }
    },
  },
  {
    name: 'reads from where an empty log ended, before and after the first entry',
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
    name: 'reads the oldest up to the limit',
    async run(tools) {
      const start = await tools.end()
      const entries = await tools.fill(40)
      for (const limit of [1, 2, 39, 40, 41, 1_000_000]) {
        assert.deepEqual(await tools.read(start, limit), entries.slice(0, limit))
        assert.deepEqual(await tools.read(entries[9]?.cursor ?? '', limit), entries.slice(10, 10 + limit))
      }
    },
  },
  {
    name: 'reads all in pages of any size, without a hole or a repetition',
    async run(tools) {
      const start = await tools.end()
      const entries = await tools.fill(60)
      for (const limit of [1, 7, 20, 60, 61]) {
        assert.deepEqual(await tools.readAll(start, limit), entries)
      }
    },
  },
  {
    name: 'reads the same for all who read, however often',
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
    name: 'looks at no more than the limit and the entry itself, whatever the cursor',
    needs: 'scanned',
    async run(tools) {
      const start = await tools.end()
      const entries = await tools.fill(150)
      const foreign = await tools.createHost()
      const cursors = [
        start,
        ...entries.map(({ cursor }) => cursor),
        ...(await tools.fill(3, foreign.log)).map(({ cursor }) => cursor),
        `${start}0`,
        'nothing',
        '',
        '*',
      ]
      for (const cursor of cursors) {
        const scanned = await tools.scannedBy(() => tools.log.read(cursor, 10))
        assert.ok(scanned <= 11, `${scanned} entries for a limit of 10 behind '${cursor}'`)
      }
    },
  },
]
