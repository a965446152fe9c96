import type { LogFollower } from '@downstream/core'
import { FollowerState } from '../../src/continuity/follower-state.ts'
import { guardedFollower } from '../../src/continuity/guarded-follower.ts'
import { RecordingFollower } from '../harness/recording-follower.ts'

// An outage of ten seconds caused two thousand calls of onError.
test('an outage is reported once, with each new error once', () => {
  const follower = new RecordingFollower()
  const state = new FollowerState(follower)
  state.up()
  state.up()
  for (let n = 0; n < 1_000; n++) state.down(new Error(n % 2 === 0 ? 'refused' : 'reset'))
  state.up()
  expect(follower.states).toEqual(['up', 'down', 'Error: refused', 'down', 'Error: reset', 'up'])
})

test('the number of different errors is bounded', () => {
  const follower = new RecordingFollower()
  const state = new FollowerState(follower)
  for (let n = 0; n < 1_000; n++) state.down(new Error(String(n)))
  expect(follower.states.filter((one) => one === 'down')).toHaveLength(10)
})

test('a warning is reported once for its topic, and changes nothing', () => {
  const follower = new RecordingFollower()
  const state = new FollowerState(follower)
  state.up()
  state.warn('maxAge', 'no permission')
  state.warn('maxAge', 'no permission')
  expect(follower.states).toEqual(['up', 'up', 'no permission'])
})

test('each function of a follower that throws is a warning, and stops nothing', () => {
  const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const fail = () => {
    throw new Error('mine')
  }
  const throwing: LogFollower = { start: fail, entries: fail, reset: fail, state: fail }
  const follower = guardedFollower(throwing)
  follower.start('head', [])
  follower.entries([])
  follower.reset('head', 'trimmed')
  follower.state(false, new Error('down'))
  expect(emitWarning.mock.calls).toEqual(Array(4).fill(['Error: mine']))
  emitWarning.mockRestore()
})
