import { createListeners } from '../src/listeners.ts'

test('calls the listeners of a key, in the order in which they were added', () => {
  const listeners = createListeners()
  const calls: unknown[] = []
  listeners.add('a', (...args) => calls.push(['first', ...args]))
  listeners.add('b', () => calls.push('never'))
  listeners.add('a', (...args) => calls.push(['second', ...args]))
  listeners.call('a', 1, 2)
  expect(calls).toEqual([
    ['first', 1, 2],
    ['second', 1, 2],
  ])
})

test('a listener that is added during a call is called from the next one on', () => {
  const listeners = createListeners()
  const late = jest.fn()
  const takeOff = listeners.add('a', () => {
    takeOff()
    listeners.add('a', late)
  })
  listeners.call('a')
  expect(late).not.toHaveBeenCalled()
  listeners.call('a')
  expect(late).toHaveBeenCalledTimes(1)
})
