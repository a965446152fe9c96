import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { constants, gunzipSync } from 'node:zlib'
import { chooseCoder, type ResponseCoder } from '../../../src/stream/compression/response-coder.ts'
import { SharedText } from '../../../src/stream/compression/shared-text.ts'

function coderOf(mode: 'shared' | 'own', minBytes = 64): ResponseCoder {
  const chosen = chooseCoder('gzip', { mode, encodings: ['gzip'], minBytes })
  return chosen?.coder as ResponseCoder
}
const bytes = (wire: string) => Buffer.from(wire, 'latin1')
/** What a client can decode of an open stream. */
const read = (wire: string) => gunzipSync(bytes(wire), { finishFlush: constants.Z_SYNC_FLUSH }).toString()

const SECRET = 'data: the secret is 8f3a9c, and it is the same each time it is sent to this client\n\n'

test('a client that accepts none of the codings gets none', () => {
  expect(chooseCoder('br', { mode: 'own', encodings: ['gzip'], minBytes: 0 })).toBeUndefined()
})

test('every write can be decoded when it arrives, and the end is correct', () => {
  for (const mode of ['shared', 'own'] as const) {
    const coder = coderOf(mode)
    let wire = ''
    let text = ''
    for (const piece of [':\n\n', 'data: Grüße 😀\n\n', SECRET, SECRET, 'x'.repeat(70_000), ':\n\n']) {
      wire += coder.encode(piece)
      text += piece
      expect(read(wire)).toBe(text)
    }
    // Without finishFlush zlib requires the end, the checksum and the length.
    expect(gunzipSync(bytes(wire + coder.end())).toString()).toBe(text)
  }
})

test('a response without any text is a complete member', () => {
  expect(gunzipSync(bytes(coderOf('shared').end())).toString()).toBe('')
})

describe("mode 'shared'", () => {
  test('what only one stream is sent is not compressed, and no dictionary contains it', () => {
    const text = new SharedText(0)
    const coder = coderOf('shared')
    const other = coderOf('shared')
    let [own, others] = ['', '']
    const publish = (position: number, event: string) => {
      text.add(position, event)
      const passage = text.passage(position, position + 1, event)
      if (passage === undefined) throw new Error('not held')
      own += coder.encodePassage(passage)
      others += other.encodePassage(passage)
    }
    publish(0, SECRET.replace('secret', 'public'))
    const before = own.length
    const secret = coder.encode(SECRET)
    own += secret
    expect(secret).toContain(SECRET)
    publish(1, SECRET)
    // The same size as with no text before it, so it does not reveal whether a guess of the secret is right.
    const alone = coderOf('shared')
    const passage = text.passage(1, 2, SECRET)
    expect(own.slice(before + secret.length)).toBe(
      passage && alone.encodePassage(passage).slice('0123456789'.length),
    )
    expect(read(others)).toBe(SECRET.replace('secret', 'public') + SECRET)
  })

  test('a keep-alive does not reset the dictionary', () => {
    const text = new SharedText(0)
    const coder = coderOf('shared')
    const sizes: number[] = []
    const other = 'data: something else, of which nothing can be found before it: 0123456789\n\n'
    let [wire, expected] = ['', '']
    for (let position = 0; position < 5; position++) {
      // The fourth one differs from the others; the fifth one finds the earlier ones and their keep-alives in the
      // dictionary.
      const event = position === 3 ? other : SECRET
      text.add(position, event)
      const passage = text.passage(position, position + 1, event)
      const piece = passage === undefined ? '' : coder.encodePassage(passage)
      sizes.push(piece.length)
      wire += piece
      expected += event
      for (let count = 0; position < 4 && count < position; count++) {
        wire += coder.encode(':\n\n')
        expected += ':\n\n'
      }
      expect(read(wire)).toBe(expected)
    }
    expect([sizes[1], sizes[2]].every((size) => (size as number) < 20)).toBe(true)
  })

  // Streams that became idle at different times have a different number of keep-alives after the same event.
  test.each([
    [16, true],
    [17, false],
  ])('after %i keep-alives in a row, the text before them is in the dictionary: %p', (comments, isUsed) => {
    const text = new SharedText(0)
    const coder = coderOf('shared')
    const pieces = [0, 1].map((position) => {
      text.add(position, SECRET)
      const passage = text.passage(position, position + 1, SECRET)
      const piece = passage === undefined ? '' : coder.encodePassage(passage)
      for (let count = 0; count < comments; count++) coder.encode(':\n\n')
      return piece.length
    })
    expect(Number(pieces[1]) < 20).toBe(isUsed)
  })
})

describe("mode 'own'", () => {
  test('compresses with what this stream was sent before', () => {
    const coder = coderOf('own')
    const [first, second] = [coder.encode(SECRET), coder.encode(SECRET)]
    expect(first.length).toBeGreaterThan(70)
    expect(second.length).toBeLessThan(20)
  })

  test('does not compress a write of fewer bytes than minBytes', () => {
    const { length } = Buffer.from(SECRET)
    const [all, none] = [coderOf('own', length), coderOf('own', length + 1)]
    for (const coder of [all, none]) coder.encode(SECRET)
    expect(all.encode(SECRET)).not.toContain(SECRET)
    expect(none.encode(SECRET)).toContain(SECRET)
  })

  test('does not hold what it cannot refer to any more', () => {
    setFlagsFromString('--expose-gc')
    const collectGarbage: () => void = runInNewContext('gc')
    const heap = () => {
      collectGarbage()
      return process.memoryUsage().heapUsed
    }
    // Nothing is compressed, which would take a while.
    const coder = coderOf('own', Number.POSITIVE_INFINITY)
    const before = heap()
    for (let n = 0; n < 2_000; n++) coder.encode(`${n} `.repeat(2_500))
    expect(heap() - before).toBeLessThan(5_000_000)
    expect(coder.end().length).toBeGreaterThan(0)
  })
})
