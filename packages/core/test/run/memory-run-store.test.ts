import type { RunStore } from '@downstream/core'
import { eventually, runStoreSuite } from '@downstream/testing'
import { MemoryRunStore } from '../../src/run/memory-run-store.ts'

describe('MemoryRunStore', () => {
  runStoreSuite({
    test,
    create: () => ({ store: new MemoryRunStore() }),
    without: ['connect', 'crash', 'pause', 'clear'],
  })
})

describe('two users of one MemoryRunStore', () => {
  runStoreSuite({
    test,
    create() {
      const store = new MemoryRunStore()
      const other: RunStore = {
        start: (id, run) => store.start(id, run),
        read: (id, place, limit) => store.read(id, place, limit),
        follow: (id, listener) => store.follow(id, listener),
        stop: (id) => store.stop(id),
        close: async () => {},
      }
      return { store, connect: () => other }
    },
    without: ['crash', 'pause', 'clear'],
  })
})

const newRun = (ttl: number) => ({ ttl, maxBytes: 1_000, replace: true, onRevoked() {} })

test('a run is watched while it has followers', async () => {
  const store = new MemoryRunStore()
  const { claim } = await store.start('a', newRun(60_000))
  const watched = [claim?.watched]
  const ends = [store.follow('a', () => {}), store.follow('a', () => {})]
  watched.push(claim?.watched)
  ends[0]?.()
  watched.push(claim?.watched)
  ends[1]?.()
  watched.push(claim?.watched)
  expect(watched).toEqual([false, true, true, false])
  await store.close()
})

test('a listener that replaces the run at its end does not shorten the life of the new one', async () => {
  const store = new MemoryRunStore()
  const first = await store.start('a', newRun(20))
  const unfollow = store.follow('a', (news) => {
    if (news?.state.status === 'done') void store.start('a', newRun(20))
  })
  await first.claim?.end('done')
  unfollow()
  await (await store.start('b', newRun(20))).claim?.end('done')
  await eventually('a later ttl has passed', async () => (await store.read('b', undefined, 0)) === undefined)
  expect((await store.read('a', undefined, 0))?.state.status).toBe('running')
  await store.close()
})
