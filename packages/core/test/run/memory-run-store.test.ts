import type { RunStore } from '@downstream/core'
import { runStoreSuite } from '@downstream/testing'
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
