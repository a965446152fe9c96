import { setImmediate as nextTurn } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import {
  type ResolvedCompression,
  resolveCompression,
} from '../../src/stream/compression/compression-options.ts'
import { chooseCoder } from '../../src/stream/compression/response-coder.ts'
import { SharedText } from '../../src/stream/compression/shared-text.ts'
import { Writer } from '../../src/stream/writer.ts'
import { FakeTarget } from './fake-target.ts'

const LONG = 'x'.repeat(16_384)
const endOfTick = () => new Promise<void>((resolve) => process.nextTick(resolve))

let target: FakeTarget
let owner: { endsAbruptly: boolean; onRoom: jest.Mock; onWriteFailed: jest.Mock }
let writer: Writer

beforeEach(() => {
  target = new FakeTarget()
  owner = { endsAbruptly: false, onRoom: jest.fn(), onWriteFailed: jest.fn() }
  writer = new Writer(owner)
})

describe('writing', () => {
  test('what is written in one tick is sent in one write at the end of the tick', async () => {
    writer.start(target, '')
    writer.write('a')
    writer.write('b')
    expect(target.writes).toEqual([])
    await endOfTick()
    expect(target.writes).toEqual(['ab'])
    writer.write('c')
    await endOfTick()
    expect(target.writes).toEqual(['ab', 'c'])
  })

  test('a long text does not wait for the end of the tick', () => {
    writer.start(target, '')
    writer.write('a')
    writer.write(LONG)
    expect(target.writes).toEqual([`a${LONG}`])
  })

  test('a compressor that ignores no-transform is flushed after each write', async () => {
    const flush = jest.fn(() => target.writes.length)
    writer.start(Object.assign(target, { flush }), ':')
    writer.write('a')
    await endOfTick()
    expect(flush.mock.results.map(({ value }) => value)).toEqual([1, 2])
  })

  test('what is buffered here and in the target is counted', async () => {
    writer.start(target, '')
    target.hasRoom = false
    writer.write('abc')
    expect(writer.bufferedBytes).toBe(3)
    await endOfTick()
    writer.write('de')
    expect(writer.bufferedBytes).toBe(5)
  })
})

test('compressed text that waits for the end of the tick is counted as buffered', async () => {
  const chosen = chooseCoder('gzip', resolveCompression('shared') as ResolvedCompression)
  const text = 'data: of a hub\n\n'
  const shared = new SharedText(0)
  shared.add(0, text)
  writer.start(target, '', chosen?.coder)
  writer.write(text, false, shared.passage(0, 1, text))
  expect(writer.bufferedBytes).toBeGreaterThanOrEqual(text.length)
  await endOfTick()
  expect(writer.bufferedBytes).toBe(0)
})

describe('before the target is known', () => {
  test('what is written waits, and is sent together with the opening', () => {
    writer.write('a')
    writer.start(target, ':')
    expect(target.writes).toEqual([':a'])
  })

  test('there is room for 16 KiB, and again once the target has accepted them', () => {
    expect(writer.write('a')).toBe(true)
    expect(writer.write(LONG)).toBe(false)
    expect(owner.onRoom).not.toHaveBeenCalled()
    writer.start(target, '')
    expect(owner.onRoom).toHaveBeenCalledTimes(1)
    expect(writer.write('b')).toBe(true)
  })

  test('an end waits until it is known', () => {
    writer.write('a')
    writer.end('b')
    writer.start(target, ':')
    expect(target.writes).toEqual([':ab'])
    expect(target.writableEnded).toBe(true)
  })

  test('what was abandoned is not written, and the target is destroyed', () => {
    writer.write('a')
    writer.stop()
    writer.start(target, ':')
    expect(target.writes).toEqual([])
    expect(target.destroyed).toBe(true)
  })
})

describe('room', () => {
  test('ends when the target says so, and returns when it drains', async () => {
    target.hasRoom = false
    writer.start(target, ':')
    expect(writer.write('a')).toBe(false)
    expect(owner.onRoom).not.toHaveBeenCalled()
    target.drain()
    await nextTurn()
    expect(owner.onRoom).toHaveBeenCalledTimes(1)
    expect(writer.write('b')).toBe(true)
  })

  test('is not reported on a drain that other code has caused', async () => {
    writer.start(target, ':')
    owner.onRoom.mockClear()
    target.drain()
    await nextTurn()
    expect(owner.onRoom).not.toHaveBeenCalled()
  })

  test('is there when a patched write() returns nothing', async () => {
    target.write = (() => {}) as unknown as typeof target.write
    writer.start(target, ':')
    expect(writer.write('a')).toBe(true)
  })

  test('ends for this turn of the event loop after 16 KiB, so that other work can run', async () => {
    writer.start(target, '')
    owner.onRoom.mockClear()
    expect(writer.write(LONG)).toBe(false)
    await endOfTick()
    expect(owner.onRoom).not.toHaveBeenCalled()
    await nextTurn()
    expect(owner.onRoom).toHaveBeenCalledTimes(1)
    expect(writer.write('a')).toBe(true)
  })

  test('ends for this turn after 16 KiB of compressed text as well', async () => {
    const chosen = chooseCoder('gzip', { mode: 'shared', encodings: ['gzip'], minBytes: LONG.length * 2 })
    const shared = new SharedText(0)
    shared.add(0, LONG)
    writer.start(target, '', chosen?.coder)
    expect(writer.write(LONG, true, shared.passage(0, 1, LONG))).toBe(false)
    await nextTurn()
    expect(writer.write('a')).toBe(true)
  })

  test('does not return in the next turn while the target has none', async () => {
    writer.start(target, '')
    writer.write(LONG)
    target.hasRoom = false
    writer.write(LONG)
    owner.onRoom.mockClear()
    await nextTurn()
    expect(owner.onRoom).not.toHaveBeenCalled()
    expect(writer.write('a')).toBe(false)
  })
})

describe('the end', () => {
  test('writes what waits and the last text at once, and ends the target', () => {
    writer.start(target, '')
    writer.write('a')
    writer.end('b')
    expect(target.writes).toEqual(['ab'])
    expect(target.writableEnded).toBe(true)
  })

  test('comes once, and nothing is written after it', async () => {
    writer.start(target, '')
    writer.end('a')
    const end = jest.spyOn(target, 'end')
    writer.end('b')
    writer.write('c')
    await endOfTick()
    expect(end).not.toHaveBeenCalled()
    expect(target.writes).toEqual(['a'])
  })

  test('of a target that was destroyed loses the pending text', async () => {
    writer.start(target, '')
    writer.write('a')
    writer.cut()
    await endOfTick()
    expect(target.writes).toEqual([])
    expect(target.destroyed).toBe(true)
  })

  // The last bytes of a gzip member were not counted when other code ended the response.
  test('by other code comes after all text, and the end of compressed text counts as written', () => {
    const chosen = chooseCoder('gzip', resolveCompression('own') as ResolvedCompression)
    writer.start(target, ':', chosen?.coder)
    writer.write('a')
    writer.writeRest()
    const bytes = Buffer.concat(target.writes.map((one) => Buffer.from(one, 'latin1')))
    expect(gunzipSync(bytes).toString()).toBe(':a')
    expect(writer.written).toBe(bytes.length)
  })
})

describe('a failure', () => {
  const cause = new Error('broken')
  const fail = () => {
    throw cause
  }

  test('of a write is reported, and the connection is destroyed', async () => {
    writer.start(target, ':')
    target.write = fail
    writer.write('a')
    await endOfTick()
    expect(owner.onWriteFailed).toHaveBeenCalledWith(cause)
    expect(target.destroyed).toBe(true)
  })

  test('of the last write is reported, and the connection is destroyed', () => {
    writer.start(target, ':')
    target.write = fail
    writer.end('a')
    expect(owner.onWriteFailed).toHaveBeenCalledWith(cause)
    expect(target.destroyed).toBe(true)
  })

  test('is reported instead of writing after an end() by other code, which would throw', async () => {
    writer.start(target, ':')
    target.end()
    writer.write('a')
    await endOfTick()
    expect(target.writes).toEqual([':'])
    expect(owner.onWriteFailed).toHaveBeenCalledTimes(1)
    expect(target.destroyed).toBe(false)
  })
})
