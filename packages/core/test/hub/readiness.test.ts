import { SseError } from '../../src/errors.ts'
import { createHub } from '../../src/hub/create-hub.ts'
import type { EventLog, LogFollower } from '../../src/log/event-log.ts'
import { MemoryLog } from '../../src/log/memory-log.ts'

const refused = new SseError('ERR_SSE_LOG_REFUSED', 'Redis refuses access.')

/** A hub on a log whose state the test sets. */
function start() {
  let follower: LogFollower | undefined
  let fail: (error: Error) => void = () => {}
  const log: EventLog = new MemoryLog()
  log.follow = (given) => {
    follower = given
    return new Promise((_, reject) => {
      fail = reject
    })
  }
  const hub = createHub({ log, onError: () => {} })
  return { hub, follower: follower as unknown as LogFollower, fail: (error: Error) => fail(error) }
}

test('ready() resolves when the log is followed, and immediately from then on', async () => {
  const { hub, follower } = start()
  const ready = hub.ready()
  follower.start('head', [])
  await ready
  await hub.ready()
})

// ready() hung forever on a wrong password.
test('ready() rejects at once on an error that does not go away, whether it is called before or after it', async () => {
  const { hub, follower } = start()
  const before = hub.ready()
  follower.state(false, refused)
  await expect(before).rejects.toBe(refused)
  await expect(hub.ready()).rejects.toBe(refused)
})

test('ready() keeps waiting for a log that cannot be reached', async () => {
  const { hub, follower } = start()
  const ready = hub.ready()
  follower.state(false, new Error('connect ECONNREFUSED'))
  follower.start('head', [])
  await ready
})

test('a refusal is over when the log reports another state', async () => {
  const { hub, follower } = start()
  follower.state(false, refused)
  follower.state(false, new Error('connect ECONNREFUSED'))
  const ready = hub.ready()
  follower.start('head', [])
  follower.state(true)
  await ready
  // A publisher that is refused later does not make the hub unready.
  follower.state(false, refused)
  await hub.ready()
})

test('ready() rejects with the reason of its signal', async () => {
  const { hub } = start()
  const giveUp = new AbortController()
  const ready = hub.ready({ signal: giveUp.signal })
  giveUp.abort(new Error('too long'))
  await expect(ready).rejects.toThrow('too long')
  await expect(hub.ready({ signal: giveUp.signal })).rejects.toThrow('too long')
})

test('ready() rejects when following fails permanently, and when the hub is closed', async () => {
  const broken = start()
  const following = broken.hub.ready()
  broken.fail(new Error('no such log'))
  await expect(following).rejects.toThrow('no such log')
  const closed = start()
  const ready = closed.hub.ready()
  await Promise.all([closed.hub.close(), expect(ready).rejects.toMatchObject({ code: 'ERR_SSE_HUB_CLOSED' })])
})

test.each([{ signal: {} as AbortSignal }, { timeout: 1 } as never])('ready(%p) is refused', (options) => {
  expect(() => start().hub.ready(options)).toThrow(
    expect.objectContaining({ code: 'ERR_SSE_INVALID_OPTION' }),
  )
})
