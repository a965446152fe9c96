import assert from 'node:assert/strict'
import type { LogCase } from './log-case.ts'

/** Appending: each entry has one position in one order, with a cursor that no other entry gets. */
export const appendCases: LogCase[] = [
  {
    name: "gives every entry a cursor of its own that can be an event's id: 1 to 64 of [\\w.-]",
    async run(tools) {
      const cursors = [await tools.end()]
      const same = { channels: ['c'], data: 'same' }
      cursors.push(...(await Promise.all(Array.from({ length: 100 }, () => tools.log.append(same)))))
      for (let n = 0; n < 20; n++) cursors.push(await tools.log.append(same))
      for (const cursor of cursors) assert.match(cursor, /^[\w.-]{1,64}$/)
      assert.equal(new Set(cursors).size, cursors.length)
    },
  },
  {
    name: 'keeps the order of concurrent appends, even of a small one after a large one',
    async run(tools) {
      const start = await tools.end()
      const large = tools.append({ channels: ['large'], data: 'x'.repeat(300_000) })
      const appended = [await large, ...(await tools.fill(100))]
      const again = await Promise.all([
        tools.append({ channels: ['large'], data: 'y'.repeat(300_000) }),
        tools.append({ channels: ['small'], data: '' }),
      ])
      assert.deepEqual(await tools.read(start), [...appended, ...again])
    },
  },
  {
    name: 'has stored an entry at its position when append resolves',
    async run(tools) {
      let end = await tools.end()
      for (let n = 0; n < 30; n++) {
        const entry = await tools.append()
        assert.deepEqual(await tools.read(end), [entry])
        assert.deepEqual(await tools.read(entry.cursor), [])
        end = entry.cursor
      }
    },
  },
]
