import type { SseCloseCode } from '../../src/errors.ts'
import { type Begun, begin, create } from './begin.ts'
import { codeOf } from './close-code.ts'

const endOfTick = () => new Promise<void>((resolve) => process.nextTick(resolve))

const cause = new Error('why')
const ends: [code: SseCloseCode, cause: unknown, end: (begun: Begun) => unknown][] = [
  ['ERR_SSE_CLIENT_CLOSED', undefined, ({ port }) => port.onResponseClose()],
  ['ERR_SSE_CLOSED', undefined, ({ stream }) => stream.close()],
  ['ERR_SSE_SLOW_CLIENT', undefined, overflow],
  ['ERR_SSE_MAX_AGE', undefined, ({ port }) => port.wake(performance.now() + 10_000)],
  ['ERR_SSE_SHUTDOWN', undefined, ({ port }) => port.end('ERR_SSE_SHUTDOWN', { farewell: 'retry: 1\n' })],
  ['ERR_SSE_SOURCE_FAILED', cause, ({ port }) => port.end('ERR_SSE_SOURCE_FAILED', { cause })],
  ['ERR_SSE_WRITE_FAILED', cause, ({ port }) => port.onWriteFailed(cause)],
]

function overflow({ stream, target }: Begun): void {
  target.hasRoom = false
  for (let sent = 0; sent < 3; sent++) stream.send('x'.repeat(20_000))
}

describe('the signal', () => {
  test.each(ends)('aborts once, with the reason: %s', (code, expectedCause, end) => {
    const begun = begin({ maxAge: 10_000, maxBufferedBytes: 20_000 })
    const { stream, port } = begun
    const onAbort = jest.fn()
    stream.signal.addEventListener('abort', onAbort)
    expect(stream.signal.aborted).toBe(false)
    expect(stream.reason).toBeUndefined()
    end(begun)
    stream.close()
    port.onResponseClose()
    port.onWriteFailed(new Error('later'))
    expect(onAbort).toHaveBeenCalledTimes(1)
    expect(stream.signal.reason).toMatchObject({ name: 'SseError', code })
    expect(stream.signal.reason.cause).toBe(expectedCause)
    expect(stream.signal.reason.message).not.toBe('')
    expect(stream.reason).toBe(stream.signal.reason)
  })

  test.each(ends)(
    'is aborted with the same reason if it is read only after the end: %s',
    (code, expectedCause, end) => {
      const begun = begin({ maxAge: 10_000, maxBufferedBytes: 20_000 })
      const { stream, port } = begun
      end(begun)
      port.onResponseClose()
      port.onWriteFailed(new Error('later'))
      expect(stream.closed).toBe(true)
      expect(stream.signal.aborted).toBe(true)
      expect(stream.signal.reason).toMatchObject({ name: 'SseError', code })
      expect(stream.signal.reason.cause).toBe(expectedCause)
    },
  )

  test.each(ends)('leaves nothing in the timer wheel: %s', (_code, _cause, end) => {
    const begun = begin({ maxAge: 10_000, maxBufferedBytes: 20_000 })
    expect(begun.port.slot).toBeDefined()
    end(begun)
    begun.port.onResponseClose()
    expect(begun.port.slot).toBeUndefined()
  })

  test('is the same one each time', () => {
    const { stream } = begin()
    expect(stream.signal).toBe(stream.signal)
  })

  test('of a stream that ended before its headers were sent aborts after this turn, for listeners added in it', async () => {
    const { stream, port } = create()
    port.onResponseClose()
    const onAbort = jest.fn()
    stream.signal.addEventListener('abort', onAbort)
    expect(stream.closed).toBe(true)
    expect(stream.reason?.code).toBe('ERR_SSE_CLIENT_CLOSED')
    expect(stream.signal.aborted).toBe(false)
    await endOfTick()
    expect(onAbort).toHaveBeenCalledTimes(1)
    expect(codeOf(stream)).toBe('ERR_SSE_CLIENT_CLOSED')
  })

  test('of a stream that ended before its headers were sent is aborted when read later', async () => {
    const { stream } = create()
    stream.close()
    await endOfTick()
    expect(codeOf(stream)).toBe('ERR_SSE_CLOSED')
  })

  test('is aborted, and closed is true, before a listener could send', () => {
    const { stream } = begin()
    const seen: unknown[] = []
    stream.signal.addEventListener('abort', () => seen.push(stream.closed, codeOf(stream)))
    stream.close()
    expect(seen).toEqual([true, 'ERR_SSE_CLOSED'])
  })
})
