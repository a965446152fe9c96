import { setImmediate as nextTurn } from 'node:timers/promises'
import { begin, create } from './begin.ts'
import { codeOf } from './close-code.ts'

const endOfTick = () => new Promise<void>((resolve) => process.nextTick(resolve))

describe('sending', () => {
  test('begins with a comment, at once', () => {
    expect(begin().target.writes).toEqual(['retry: 3000\n:\n\n'])
  })

  test('begins with the retry, if there is one', () => {
    expect(begin({ retry: 0 }).target.text).toBe('retry: 0\n:\n\n')
  })

  test('what is sent in one tick is sent in one write', async () => {
    const { stream, target } = begin()
    stream.send({ event: 'e', data: 1, id: 2 })
    stream.send('two')
    stream.comment('three')
    stream.comment()
    await endOfTick()
    expect(target.writes.slice(1)).toEqual(['event: e\nid: 2\ndata: 1\n\ndata: two\n\n: three\n\n:\n\n'])
  })

  test('a retry or a comment alone is not counted as an event', () => {
    const { stream, port } = begin()
    stream.send('one')
    stream.send({ retry: 2_000 })
    stream.comment('two')
    expect(port.sentEvents).toBe(1)
  })

  test('what is sent before the beginning is sent with it', () => {
    const { stream, port, target } = create()
    stream.send('early')
    port.begin(target)
    expect(target.writes).toEqual(['retry: 3000\n:\n\ndata: early\n\n'])
  })

  test('a name and data in two arguments are refused, or the data would be lost', () => {
    const { stream } = begin()
    expect(() =>
      (stream as unknown as { send(...args: unknown[]): unknown }).send('price', { cents: 1 }),
    ).toThrow(expect.objectContaining({ code: 'ERR_SSE_INVALID_EVENT' }))
  })

  test('an event that cannot be encoded throws, writes nothing and leaves the stream open', async () => {
    const { stream, target } = begin()
    expect(() => stream.send({ event: 'a\nb', data: 'x' })).toThrow(
      expect.objectContaining({ code: 'ERR_SSE_INVALID_EVENT_NAME' }),
    )
    expect(() => stream.comment(1 as unknown as string)).toThrow(
      expect.objectContaining({ code: 'ERR_SSE_INVALID_COMMENT' }),
    )
    expect(await stream.send('next')).toBe(true)
    await endOfTick()
    expect(target.writes).toEqual(['retry: 3000\n:\n\n', 'data: next\n\n'])
  })

  test("data goes through the stream's own serialize", async () => {
    const { stream, target } = begin({ serialize: (data) => `<${data}>` })
    stream.send({ data: 7 })
    await endOfTick()
    expect(target.text).toContain('data: <7>\n')
  })

  test('returns true if there is room', async () => {
    expect(await begin().stream.send('one')).toBe(true)
  })

  test('waits if there is no room, and continues with the drain', async () => {
    const { stream, target } = begin()
    target.hasRoom = false
    await stream.send('fills it')
    await endOfTick()
    const settled = jest.fn()
    const sent = stream.send('waits').then(settled)
    const commented = stream.comment('waits too').then(settled)
    await nextTurn()
    expect(settled).not.toHaveBeenCalled()
    target.drain()
    await Promise.all([sent, commented])
    expect(settled.mock.calls).toEqual([[true], [true]])
  })
})

describe('after close()', () => {
  test('the rest is written, and the response has ended', () => {
    const { stream, target } = begin()
    stream.send('last')
    stream.close()
    expect(target.writes).toEqual(['retry: 3000\n:\n\n', 'data: last\n\n'])
    expect(target.writableEnded).toBe(true)
    expect(stream.closed).toBe(true)
  })

  test('sends and comments return false and write nothing, even if they could not be encoded', async () => {
    const { stream, target } = begin()
    stream.close()
    expect(await stream.send('late')).toBe(false)
    expect(await stream.comment('late')).toBe(false)
    expect(await stream.send({ event: '\n', data: '' })).toBe(false)
    expect(await stream.comment(1 as unknown as string)).toBe(false)
    await nextTurn()
    expect(target.writes).toEqual(['retry: 3000\n:\n\n'])
  })

  test('waiting sends resolve with false', async () => {
    const { stream, target } = begin()
    target.hasRoom = false
    await stream.send('fills it')
    await endOfTick()
    const waiting = [stream.send('one'), stream.send('two'), stream.comment()]
    stream.close()
    expect(await Promise.all(waiting)).toEqual([false, false, false])
  })

  test('a second close() does nothing', () => {
    const { stream, port, target } = begin()
    stream.close()
    const end = jest.spyOn(target, 'end')
    stream.close()
    port.end('ERR_SSE_SHUTDOWN', { farewell: 'retry: 1\n' })
    expect(end).not.toHaveBeenCalled()
    expect(target.text).toBe('retry: 3000\n:\n\n')
    expect(codeOf(stream)).toBe('ERR_SSE_CLOSED')
  })

  test('a stream that has not begun yet begins and ends', () => {
    const { stream, port, target } = create()
    stream.send('early')
    stream.close()
    port.end('ERR_SSE_SHUTDOWN', { farewell: 'not twice' })
    port.begin(target)
    expect(target.text).toBe('retry: 3000\n:\n\ndata: early\n\n')
    expect(target.writableEnded).toBe(true)
  })

  test('the stream has finished when the last byte was sent', () => {
    const { stream, port } = begin()
    const listener = jest.fn()
    port.whenFinished(listener)
    stream.close()
    expect([port.finished, listener.mock.calls.length]).toEqual([false, 0])
    port.onResponseClose()
    port.onResponseClose()
    expect([port.finished, listener.mock.calls.length]).toEqual([true, 1])
    port.whenFinished(listener)
    expect(listener).toHaveBeenCalledTimes(2)
    expect(codeOf(stream)).toBe('ERR_SSE_CLOSED')
  })
})

describe('a response that cannot be written to', () => {
  test('because write() throws is destroyed, and waiting sends resolve with false', async () => {
    const { stream, target } = begin()
    target.hasRoom = false
    await stream.send('fills it')
    await endOfTick()
    const waiting = stream.send('waits')
    const cause = new Error('broken')
    target.write = () => {
      throw cause
    }
    await endOfTick()
    expect(await waiting).toBe(false)
    expect(codeOf(stream)).toBe('ERR_SSE_WRITE_FAILED')
    expect(stream.signal.reason.cause).toBe(cause)
    expect(target.destroyed).toBe(true)
  })

  test('reports it to the send that noticed it', async () => {
    const { stream, target } = begin()
    target.write = () => {
      throw new Error('broken')
    }
    expect(await stream.send('x'.repeat(20_000))).toBe(false)
  })

  test('because other code ended it is not written to, and the reason says so', async () => {
    const { stream, target } = begin()
    target.end()
    stream.send('late')
    await endOfTick()
    expect(target.writes).toEqual(['retry: 3000\n:\n\n'])
    expect(stream.signal.reason).toMatchObject({
      code: 'ERR_SSE_WRITE_FAILED',
      cause: { message: expect.stringContaining('ended by other code') },
    })
  })
})

test('lastEventId is the last event ID of the client', () => {
  expect(create().stream.lastEventId).toBe('7')
})
