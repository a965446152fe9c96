import assert from 'node:assert/strict'
import type { StoreCase } from './store-case.ts'

/** Reading from a position. */
export const readCases: StoreCase[] = [
  {
    name: 'returns undefined for a run that was not started',
    async run(tools) {
      assert.equal(await tools.store.read('a', undefined, 10), undefined)
      assert.equal(await tools.store.read('a', { attempt: '1', number: 3 }, 10), undefined)
    },
  },
  {
    name: 'reads the events after each position, and none after the last',
    async run(tools) {
      const { claim } = await tools.start('a')
      const events = tools.newEvents(20)
      for (let n = 0; n < 20; n += 4) await claim.append(events.slice(n, n + 4))
      const { attempt } = claim
      for (let number = 0; number <= 22; number++) {
        const reading = await tools.read('a', { attempt, number })
        assert.equal(reading.attempt, attempt)
        assert.equal(reading.first, Math.min(number, 20) + 1)
        assert.deepEqual(reading.events, events.slice(number))
      }
    },
  },
  {
    name: 'reads at most as many events as the limit',
    async run(tools) {
      const { claim } = await tools.start('a')
      const events = tools.newEvents(300)
      await claim.append(events)
      for (const limit of [1, 7, 100, 300, 1_000]) assert.deepEqual(await tools.readAll('a', limit), events)
      const none = await tools.read('a', undefined, 0)
      assert.deepEqual([none.events, none.first, none.state.events], [[], 1, 300])
    },
  },
  {
    name: 'starts at the beginning for a position of another attempt',
    async run(tools) {
      const old = await tools.start('a')
      await old.claim.append(tools.newEvents(3))
      await old.claim.end('done')
      const { claim } = await tools.start('a', { replace: true })
      const events = tools.newEvents(5)
      await claim.append(events)
      for (const attempt of [old.claim.attempt, '1', 'zzz']) {
        const reading = await tools.read('a', { attempt, number: 2 })
        assert.deepEqual([reading.attempt, reading.first, reading.events], [claim.attempt, 1, events])
      }
    },
  },
  {
    name: 'stores every text unchanged',
    async run(tools) {
      const { claim } = await tools.start('a')
      const events = [
        'data: \n\n',
        'retry: 5\n',
        'event: \u2028 x\ndata: {"ü":"€😀"}\ndata:\n\n',
        `data: ${'x'.repeat(200_000)}\n\n`,
        'data:  blanks \n\n',
        'data: \u0000\n\n',
      ]
      await claim.append(events)
      assert.deepEqual(await tools.readAll('a'), events)
    },
  },
  {
    name: 'drops only the oldest events beyond maxBytes, and reports where the stored ones begin',
    async run(tools) {
      const maxBytes = 20_000
      const { claim } = await tools.start('a', { maxBytes })
      const events = tools.newEvents(2_000).map((event) => `: ${'x'.repeat(80)}\n${event}`)
      for (let n = 0; n < events.length; n += 10) await claim.append(events.slice(n, n + 10))
      const { first, state, attempt } = await tools.read('a', undefined, 1)
      assert.ok(first > 1, 'nothing was dropped')
      const held = events.slice(first - 1)
      assert.deepEqual(await tools.readAll('a', 50), held)
      const size = (texts: string[]) => Buffer.byteLength(texts.join(''))
      assert.ok(size(events.slice(first - 2)) > maxBytes, 'more was dropped than had to be')
      assert.ok(size(held) < maxBytes * 2, 'more than twice of maxBytes is held')
      assert.deepEqual([state.events, state.bytes], [2_000, size(events)])
      // Events that were not dropped are read from the requested position.
      const place = { attempt, number: first + 10 }
      assert.equal((await tools.read('a', place)).first, first + 11)
      assert.equal((await tools.read('a', { attempt, number: 1 })).first, first)
    },
  },
  {
    name: 'never drops the newest event, however small maxBytes is',
    async run(tools) {
      const { claim } = await tools.start('a', { maxBytes: 1 })
      const events = tools.newEvents(5)
      await claim.append(events)
      assert.deepEqual(await tools.readAll('a'), events.slice(4))
    },
  },
]
