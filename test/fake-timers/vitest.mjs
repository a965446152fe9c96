import { test, vi } from 'vitest'
import { publishUnder } from './app.mjs'

const everything = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'performance', 'Date']

test('under fake timers of Vitest', () =>
  publishUnder(
    () => vi.useFakeTimers({ toFake: everything }),
    () => vi.useRealTimers(),
  ))
