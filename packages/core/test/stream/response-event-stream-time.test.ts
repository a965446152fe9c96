import type { SseError } from '../../src/errors.ts'
import { createHub } from '../../src/hub/create-hub.ts'
import { clock } from '../../src/process/clock.ts'
import type { EventStream } from '../../src/stream/event-stream.ts'
import type { EventStreamOptions } from '../../src/stream/event-stream-options.ts'
import type { ResponsePort } from '../../src/stream/response-port.ts'
import { begin as beginStream } from './begin.ts'
import { codeOf } from './close-code.ts'
import { useFakeClock, useRealClock } from './fake-clock.ts'
import type { FakeTarget } from './fake-target.ts'

let stream: EventStream
let port: ResponsePort
let target: FakeTarget

beforeEach(useFakeClock)
afterEach(() => {
  port.onResponseClose()
  useRealClock()
})

function begin(options: EventStreamOptions): void {
  ;({ stream, port, target } = beginStream(options))
  target.writes.length = 0
}

/** Lets `ms` pass, in steps in which written text is sent. */
async function pass(ms: number, everyStep: () => void = () => {}): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    everyStep()
    await jest.advanceTimersByTimeAsync(100)
  }
}

describe('keepAlive', () => {
  test.each([1_000, 15_000, 60_000])(
    'sends a comment when nothing was written for %i ms, an eighth early at most and never late',
    async (keepAlive) => {
      begin({ keepAlive })
      const early = Math.floor((keepAlive * 7) / 8 / 100) * 100 - 200
      await pass(early)
      expect(target.writes).toEqual([])
      await pass(keepAlive - early)
      expect(target.writes).toEqual([':\n\n'])
    },
  )

  test('is repeated as long as nothing else is written', async () => {
    begin({ keepAlive: 1_000 })
    await pass(10_000)
    expect(target.writes.length).toBeGreaterThanOrEqual(8)
    expect(target.writes.length).toBeLessThanOrEqual(13)
    expect(new Set(target.writes)).toEqual(new Set([':\n\n']))
  })

  test('sends none while events are sent', async () => {
    begin({ keepAlive: 1_000 })
    await pass(10_000, () => stream.send('busy'))
    expect(target.text).not.toContain(':\n\n')
  })

  test('starts again with the last event', async () => {
    begin({ keepAlive: 10_000 })
    await pass(8_000)
    stream.send('late')
    await pass(8_000)
    expect(target.text).toBe('data: late\n\n')
    await pass(2_300)
    expect(target.text).toBe('data: late\n\n:\n\n')
  })

  test('sends none to a client that does not read', async () => {
    begin({ keepAlive: 1_000 })
    target.hasRoom = false
    stream.send('stuck')
    await pass(10_000)
    expect(target.writes).toEqual(['data: stuck\n\n'])
    target.drain()
    await pass(1_300)
    expect(target.writes.slice(0, 2)).toEqual(['data: stuck\n\n', ':\n\n'])
  })

  test('sends none after the end', async () => {
    begin({ keepAlive: 1_000 })
    stream.close()
    await pass(3_000)
    expect(target.writes).toEqual([])
  })

  test('sends none when it is false', async () => {
    begin({ keepAlive: false })
    await pass(120_000)
    expect(target.writes).toEqual([])
  })

  test('is not early on the first stream after a long time without streams', async () => {
    begin({ keepAlive: 1_000 })
    stream.close()
    await jest.advanceTimersByTimeAsync(3_600_000)
    begin({ keepAlive: 60_000 })
    await pass(50_000)
    expect(target.writes).toEqual([])
  })
})

describe('heartbeat', () => {
  const PING = 'event: ping\ndata: \n\n'

  test('is an event in place of the comment, with its time counted from the one before', async () => {
    begin({ keepAlive: 1_000, heartbeat: 'ping' })
    await pass(10_000, () => stream.send('busy'))
    const pings = target.text.split(PING).length - 1
    expect(pings).toBeGreaterThanOrEqual(8)
    expect(pings).toBeLessThanOrEqual(13)
    expect(target.text).not.toContain(':\n\n')
  })

  test('is not sent to a client that does not read, nor without keepAlive', async () => {
    begin({ keepAlive: 1_000, heartbeat: 'ping' })
    target.hasRoom = false
    stream.send('stuck')
    await pass(10_000)
    expect(target.writes).toEqual(['data: stuck\n\n'])
    begin({ keepAlive: false, heartbeat: 'ping' })
    await pass(60_000)
    expect(target.writes).toEqual([])
  })
})

describe('maxAge', () => {
  test.each([
    ['shorter than the wheel', 10_000, 15_000],
    ['longer than the wheel', 100_000, 15_000],
    ['without comments', 100_000, false],
  ] as const)('ends the stream after 80 to 100 %% of it: %s', async (_, maxAge, keepAlive) => {
    begin({ maxAge, keepAlive })
    await pass(maxAge * 0.8 - 200)
    expect(stream.closed).toBe(false)
    await pass(maxAge * 0.2 + 200)
    expect(codeOf(stream)).toBe('ERR_SSE_MAX_AGE')
    expect(target.writableEnded).toBe(true)
    port.onResponseClose()
    expect(jest.getTimerCount()).toBe(0)
    if (keepAlive === false) expect(target.writes).toEqual([])
  })

  test('is spread, so that streams opened together do not reconnect together', async () => {
    const streams = Array.from({ length: 50 }, () => {
      begin({ maxAge: 60_000, keepAlive: false })
      return stream
    })
    await pass(54_000)
    const over = streams.filter(({ closed }) => closed)
    expect(over.length).toBeGreaterThan(0)
    expect(over.length).toBeLessThan(streams.length)
    await pass(6_200)
    expect(streams.every(({ closed }) => closed)).toBe(true)
  })

  // A late call of the wheel moved it by one slot only: after a stall of 3 s a maxAge of 4 s ended after 6 to 7 s.
  test.each([900, 3_000, 20_000])(
    'ends the stream at the end of a stall of %i ms, if it was due in it',
    async (stall) => {
      begin({ maxAge: 1_000, keepAlive: false })
      const now = jest.spyOn(clock, 'now').mockImplementation(() => performance.now() + stall)
      await pass(200)
      expect(codeOf(stream)).toBe('ERR_SSE_MAX_AGE')
      now.mockRestore()
    },
  )

  test('ends a busy stream', async () => {
    begin({ maxAge: 5_000 })
    await pass(5_300, () => stream.send('busy'))
    expect(stream.closed).toBe(true)
  })
})

describe('expiresAt', () => {
  test.each<[what: string, in_: number, as: (time: number) => Date | number]>([
    ['soon', 3_000, (time) => time],
    ['as a Date', 60_000, (time) => new Date(time)],
    ['after more than the wheel’s turn', 100_000, (time) => time],
  ])('ends the stream at that time, never later, and less than a second before: %s', async (_, ms, as) => {
    begin({ expiresAt: as(Date.now() + ms), keepAlive: 15_000, maxAge: 1_000_000 })
    await pass(ms - 1_000)
    expect(stream.closed).toBe(false)
    await pass(1_000)
    expect(codeOf(stream)).toBe('ERR_SSE_MAX_AGE')
  })

  test('does not lengthen maxAge', async () => {
    begin({ expiresAt: Date.now() + 100_000, maxAge: 10_000 })
    await pass(10_000)
    expect(stream.closed).toBe(true)
  })

  test('ends the stream before anything is sent if it has passed', async () => {
    begin({ expiresAt: Date.now() - 1 })
    expect(stream.closed).toBe(true)
    expect(await stream.send('secret')).toBe(false)
    await pass(200)
    expect(target.text).not.toContain('secret')
    expect(target.writableEnded).toBe(true)
  })

  test('prevents events of a hub after that time', async () => {
    const hub = createHub()
    begin({ expiresAt: Date.now() + 5_000 })
    hub.subscribe(stream, 'news')
    await pass(5_000)
    await hub.publish('news', { data: 'secret' })
    await pass(200)
    expect(target.text).not.toContain('secret')
    expect(hub.stats().streams).toBe(0)
  })
})

describe('stallTimeout', () => {
  const reason = () => (stream.signal.reason as SseError | undefined)?.code

  test.each([1_000, false as const])(
    'disconnects a client that reads nothing, with keepAlive %p',
    async (keepAlive) => {
      begin({ keepAlive, stallTimeout: 60_000 })
      target.hasRoom = false
      stream.send('waits')
      await pass(55_000)
      expect(stream.closed).toBe(false)
      await pass(40_000)
      expect(reason()).toBe('ERR_SSE_SLOW_CLIENT')
      expect(target.destroyed).toBe(true)
    },
  )

  test('spares a client that reads a little now and then, even if more and more waits for it', async () => {
    begin({ keepAlive: 1_000, stallTimeout: 60_000 })
    target.hasRoom = false
    for (let round = 0; round < 10; round++) {
      stream.send('x'.repeat(1_000))
      await pass(50_000)
      target.writableLength -= 1
    }
    expect(stream.closed).toBe(false)
  })

  // Characters were added to bytes: with three bytes per character a client that read seemed to read nothing. It is
  // counted in bytes, as the response counts its buffer.
  test('spares a client that reads text of three bytes a character more slowly than it is sent', async () => {
    begin({ keepAlive: false, stallTimeout: 60_000 })
    target.hasRoom = false
    target.write = (text) => {
      target.writableLength += Buffer.byteLength(text)
      return false
    }
    for (let round = 0; round < 100; round++) {
      stream.send('語'.repeat(1_000))
      await pass(5_000)
      target.writableLength -= Math.min(target.writableLength, 300)
    }
    expect(stream.closed).toBe(false)
  })

  test('spares a stream that has nothing to send', async () => {
    begin({ keepAlive: false, stallTimeout: 1_000 })
    await pass(100_000)
    expect(stream.closed).toBe(false)
  })
})

describe('the rest of an ended response', () => {
  function endWith(unread: number): void {
    begin({})
    target.writableLength = unread
    stream.close()
  }

  test('is abandoned if the client reads nothing of it', async () => {
    endWith(1_000)
    await pass(14_000)
    expect(target.destroyed).toBe(false)
    await pass(2_000)
    expect(target.destroyed).toBe(true)
  })

  // A session store that does not answer delays the end itself: nothing is unread then, and the end was never checked
  // again. An ended response is destroyed in any case, unless its client reads.
  test('is abandoned if other code delays the end', async () => {
    begin({})
    target.end = () => {}
    stream.close()
    await pass(14_000)
    expect(target.destroyed).toBe(false)
    await pass(2_000)
    expect(target.destroyed).toBe(true)
  })

  test('is abandoned after maxAge as well', async () => {
    begin({ maxAge: 10_000 })
    target.writableLength = 1_000
    await pass(10_200)
    expect(target.writableEnded).toBe(true)
    await pass(16_000)
    expect(target.destroyed).toBe(true)
  })

  test('may take as long as the client reads at all', async () => {
    endWith(1_000)
    for (; target.writableLength > 990; target.writableLength--) await pass(14_000)
    expect(target.destroyed).toBe(false)
  })

  test('is forgotten once it has been sent', async () => {
    endWith(1_000)
    port.onResponseClose()
    expect(jest.getTimerCount()).toBe(0)
  })
})
