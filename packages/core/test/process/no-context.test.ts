import { AsyncLocalStorage } from 'node:async_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { inNoContext } from '../../src/process/no-context.ts'
import { type Sleeper, TimerWheel } from '../../src/process/timer-wheel.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')
const storage = new AsyncLocalStorage<object>()

test('a callback sees no store of any caller, and the caller keeps its own', () => {
  const store = {}
  storage.run(store, () => {
    expect(inNoContext(() => storage.getStore())).toBeUndefined()
    expect(storage.getStore()).toBe(store)
  })
})

// A request that loads the library with a lazy import lent its context to all timers and listeners, for ever.
test('a callback does not see the store of the request that loaded the library', () => {
  const load = () => {
    let loaded: unknown
    jest.isolateModules(() => {
      loaded = require('../../src/process/no-context.ts')
    })
    return loaded as typeof import('../../src/process/no-context.ts')
  }
  const { inNoContext: run } = storage.run({}, load)
  expect(run(() => storage.getStore())).toBeUndefined()
})

// The interval of the wheel belonged to the request that opened the first stream: callbacks of others ran in the
// context of that user, whose store was retained as long as any stream was open.
test('the timer of all streams runs in no context, and retains no store', async () => {
  const wheel = new TimerWheel()
  const stores: unknown[] = []
  let woken = () => {}
  const awake = new Promise<void>((resolve) => {
    woken = resolve
  })
  const sleeper: Sleeper = {
    wake: (until) => {
      stores.push(storage.getStore())
      woken()
      return until + 60_000
    },
  }
  const start = () => {
    const store = {}
    storage.run(store, () => wheel.add(sleeper, performance.now()))
    return new WeakRef(store)
  }
  const store = start()
  await awake
  expect(stores).toEqual([undefined])
  await new Promise((resolve) => setImmediate(resolve))
  collectGarbage()
  expect(store.deref()).toBeUndefined()
  wheel.delete(sleeper)
})
