import { mock, test } from 'node:test'
import { publishUnder } from './app.mjs'

test('under mock.timers of node:test', () =>
  publishUnder(
    () => mock.timers.enable(),
    () => mock.timers.reset(),
  ))
