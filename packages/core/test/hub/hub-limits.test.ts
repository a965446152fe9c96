import { setImmediate as nextTurn } from 'node:timers/promises'
import { createHub } from '../../src/hub/create-hub.ts'
import type { EventLog, LogReading } from '../../src/log/event-log.ts'
import { MemoryLog } from '../../src/log/memory-log.ts'
import { FakePort } from './fake-port.ts'

const event = { data: 'a' }

test('a subscription has at most maxChannels channels', () => {
  const hub = createHub({ maxChannels: 2 })
  hub.subscribe(new FakePort(), ['a', 'b', 'a'])
  expect(() => hub.subscribe(new FakePort(), ['a', 'b', 'c'])).toThrow(
    expect.objectContaining({
      code: 'ERR_SSE_INVALID_CHANNEL',
      message: expect.stringContaining('at most 2 channels (the option maxChannels); got 3'),
    }),
  )
  expect(() => hub.events(['a', 'b', 'c'])).toThrow(
    expect.objectContaining({ code: 'ERR_SSE_INVALID_CHANNEL' }),
  )
})

test('the name of a channel has at most maxChannelLength characters', () => {
  const hub = createHub({ maxChannelLength: 5 })
  void hub.publish('12345', event)
  hub.subscribe(new FakePort(), '12345')
  const tooLong = expect.objectContaining({
    code: 'ERR_SSE_INVALID_CHANNEL',
    message: expect.stringContaining('at most 5 characters (the option maxChannelLength); got 6'),
  })
  expect(() => hub.publish('123456', event)).toThrow(tooLong)
  expect(() => hub.subscribe(new FakePort(), ['a', '123456'])).toThrow(tooLong)
})

test('the data of an event has at most maxEventBytes bytes of UTF-8', () => {
  const hub = createHub({ maxEventBytes: 6 })
  void hub.publish('a', { data: 'ééé' })
  expect(() => hub.publish('a', { data: 'éééx' })).toThrow(
    expect.objectContaining({
      code: 'ERR_SSE_EVENT_TOO_LARGE',
      message: expect.stringContaining('at most 6 bytes (the option maxEventBytes); got 7'),
    }),
  )
  expect(hub.stats().published).toBe(1)
})

/** A log that answers reads when the test says so. */
function slowLog() {
  const log = new MemoryLog()
  const answers: ((reading: LogReading) => void)[] = []
  const read: EventLog['read'] = (_, __, signal) =>
    new Promise((resolve, reject) => {
      answers.push(resolve)
      signal?.addEventListener('abort', () => reject(signal.reason))
    })
  return { log: Object.assign(log, { read }), answers }
}

describe('maxResumes', () => {
  test('one client more is refused with a retry of 5 to 15 s, and keeps its last event ID', async () => {
    const { log, answers } = slowLog()
    const hub = createHub({ log, maxResumes: 1 })
    await hub.ready()
    const [first, second, third] = ['x-1', 'x-2', 'x-3'].map((id) => new FakePort(id)) as [
      FakePort,
      FakePort,
      FakePort,
    ]
    hub.subscribe(first, 'a')
    hub.subscribe(second, 'a')
    expect(first.closed).toBe(false)
    expect(second.code).toBe('ERR_SSE_REFUSED')
    const retry = Number(/^retry: (\d+)$/m.exec(second.text)?.[1])
    expect(retry).toBeGreaterThanOrEqual(5_000)
    expect(retry).toBeLessThanOrEqual(15_000)
    expect(second.text).not.toContain('id:')
    while (answers.length === 0) await nextTurn()
    answers[0]?.({ gap: true, reason: 'expired' })
    while (!first.text.includes('event: gap')) await nextTurn()
    hub.subscribe(third, 'a')
    expect(third.closed).toBe(false)
  })

  test('a client that was connected all the time is not turned away when its position falls off the tail', async () => {
    const hub = createHub({ log: slowLog().log, maxResumes: 1, tail: { length: 1 } })
    await hub.ready()
    const slow = new FakePort()
    slow.room = 0
    hub.subscribe(slow, 'a')
    hub.subscribe(new FakePort('x-1'), 'a')
    for (let n = 0; n < 3; n++) await hub.publish('a', event)
    slow.flow()
    await nextTurn()
    await nextTurn()
    expect(slow.closed).toBe(false)
    expect(hub.stats()).toMatchObject({ streams: 2, lagging: 2 })
  })

  test('a client that disconnects makes room', async () => {
    const hub = createHub({ log: slowLog().log, maxResumes: 1 })
    await hub.ready()
    const first = new FakePort('x-1')
    hub.subscribe(first, 'a')
    await nextTurn()
    first.cut()
    await nextTurn()
    await nextTurn()
    const second = new FakePort('x-2')
    hub.subscribe(second, 'a')
    expect(second.closed).toBe(false)
  })
})

test.each(['maxChannels', 'maxChannelLength', 'maxEventBytes', 'maxResumes'])(
  '%s must be above 0',
  (name) => {
    expect(() => createHub({ [name]: 0 })).toThrow(`Option ${name} must be a number above 0`)
  },
)
