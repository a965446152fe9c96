import { test, vi } from 'vitest'
import { publishUnder } from './app.ts'

test('under fake timers of Vitest', () =>
  publishUnder(
    () =>
      vi.useFakeTimers({
        toFake: ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'performance', 'Date'],
      }),
    () => vi.useRealTimers(),
  ))
