import { mock, test } from 'node:test'
import { publishUnder } from './app.ts'

test('under mock.timers of node:test', () =>
  publishUnder(
    () => mock.timers.enable(),
    () => mock.timers.reset(),
  ))
