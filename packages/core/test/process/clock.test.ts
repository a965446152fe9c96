import { createHub } from '../../src/hub/create-hub.ts'
import { begin } from '../stream/begin.ts'

const realTurn = setImmediate
const turns = async () => {
  for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => realTurn(resolve))
}

afterEach(() => {
  jest.useRealTimers()
})

// Fake timers that a test installed after the library was loaded swallowed the tick in which events are written.
// Streams and hubs keep the ticks that they were loaded with.
test('send() is delivered while fake timers are on', async () => {
  jest.useFakeTimers()
  const { stream, target } = begin()
  void stream.send('one')
  void stream.send('x'.repeat(20_000))
  await turns()
  expect(target.text).toContain('data: one\n\n')
  expect(await stream.send('two')).toBe(true)
  await turns()
  expect(target.text).toContain('data: two\n\n')
})

// One publish() under fake timers stopped its hub for all later tests: the scheduled turn was lost and its flag stayed
// set.
test('publish() is delivered while fake timers are on, and after that', async () => {
  const hub = createHub()
  const { stream, target } = begin()
  hub.subscribe(stream, 'news')
  await turns()
  jest.useFakeTimers()
  void hub.publish('news', { data: 'one' })
  await turns()
  expect(target.text).toContain('data: one\n\n')
  jest.useRealTimers()
  void hub.publish('news', { data: 'two' })
  await turns()
  expect(target.text).toContain('data: two\n\n')
})
