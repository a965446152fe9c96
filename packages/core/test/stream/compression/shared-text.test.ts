import { inflateRawSync } from 'node:zlib'
import type { ContentCoding } from '../../../src/stream/compression/content-coding.ts'
import { gzip } from '../../../src/stream/compression/gzip.ts'
import { type Passage, SharedText } from '../../../src/stream/compression/shared-text.ts'

/** The number of compressions, and their dictionaries. */
let dictionaries: string[]
const coding: ContentCoding = {
  ...gzip,
  compressed(bytes, dictionary) {
    dictionaries.push(dictionary.toString())
    return gzip.compressed(bytes, dictionary)
  },
}
beforeEach(() => {
  dictionaries = []
})

/** Event number `n`, of `length` bytes. */
const event = (n: number, length = 100) =>
  `id: ${n}\ndata: ${'x'.repeat(length)}`.slice(0, length - 2).concat('\n\n')

function textOf(count: number, length = 100): SharedText {
  const text = new SharedText(0)
  for (let n = 0; n < count; n++) text.add(n, event(n, length))
  return text
}

function last(text: SharedText, count: number, length = 100): Passage {
  return text.passage(count - 1, count, event(count - 1, length)) as Passage
}

test('a passage is compressed once for all streams that have received a whole window, whenever they joined', () => {
  const text = textOf(300)
  const passage = last(text, 300)
  const pieces = [0, 100, 5_000, 10_000, 20_000].map((at) => text.piece(passage, at, 0, coding, 64))
  expect(new Set(pieces).size).toBe(1)
  expect(dictionaries).toHaveLength(1)
  expect(dictionaries[0]?.length).toBeGreaterThan(8_000)
  expect(pieces[0]?.length).toBeLessThan(30)
})

test('a passage is compressed a few times for streams that joined lately, each at a different event', () => {
  const text = textOf(300)
  const passage = last(text, 300)
  for (let at = 21_800; at <= passage.from.at; at += 100) text.piece(passage, at, 0, coding, 64)
  expect(dictionaries.length).toBeLessThan(10)
  expect(dictionaries.at(-1)).toBe('')
})

test('no dictionary contains what a stream has not received', () => {
  const text = textOf(300)
  const passage = last(text, 300)
  for (let at = 0; at <= passage.from.at; at += 700) {
    const wire = text.piece(passage, at, 0, coding, 64)
    const had = Array.from({ length: 299 }, (_, n) => event(n))
      .join('')
      .slice(at)
    const bytes = inflateRawSync(Buffer.from(wire, 'latin1'), {
      finishFlush: 2,
      ...(had !== '' && { dictionary: Buffer.from(had.slice(-32_768)) }),
    })
    expect(bytes.toString()).toBe(passage.text)
  }
})

test('a large event finds the one before it', () => {
  const text = textOf(6, 15_000)
  text.piece(last(text, 6, 15_000), 0, 0, coding, 64)
  expect(dictionaries[0]?.length).toBe(30_000)
})

test('keep-alives between events are part of the dictionary', () => {
  const text = textOf(3)
  const passage = last(text, 3)
  text.piece(passage, 0, 2, coding, 64)
  text.piece(passage, 0, 2, coding, 64)
  text.piece(passage, 0, 0, coding, 64)
  expect(dictionaries).toEqual([`${event(0)}${event(1)}:\n\n:\n\n`, `${event(0)}${event(1)}`])
})

test.each([0, 200])(
  'less than minBytes is not compressed, although it was for a stream with another: since %i',
  (since) => {
    const text = textOf(3)
    const [compressed, stored] = [100, 101].map((min) => text.piece(last(text, 3), since, 0, coding, min))
    expect(dictionaries).toHaveLength(1)
    expect(compressed?.length).toBeLessThan(100)
    expect(stored).toContain(event(2))
  },
)

test('a stream that gets several events at once is not sent the piece of one that gets the first of them', () => {
  const text = textOf(3)
  const passages = [2, 3].map((next) => text.passage(1, next, event(1) + (next === 3 ? event(2) : '')))
  for (const passage of passages as Passage[]) {
    const wire = Buffer.from(text.piece(passage, 0, 0, coding, 64), 'latin1')
    const bytes = inflateRawSync(wire, { finishFlush: 2, dictionary: Buffer.from(event(0)) })
    expect(bytes.toString()).toBe(passage.text)
  }
})

test('few pieces are retained: those of a stream far behind are compressed again', () => {
  const text = textOf(10)
  const pieceOf = (n: number) => text.piece(text.passage(n, n + 1, event(n)) as Passage, 0, 0, coding, 64)
  for (let n = 0; n < 10; n++) pieceOf(n)
  pieceOf(9)
  expect(dictionaries).toHaveLength(10)
  pieceOf(0)
  expect(dictionaries).toHaveLength(11)
})

test('a text that would grow is sent uncompressed', () => {
  const noise = Buffer.from(Array.from({ length: 100 }, (_, n) => (n * 7_919 + 13) % 127)).toString()
  const text = new SharedText(0)
  text.add(0, noise)
  const wire = text.piece(text.passage(0, 1, noise) as Passage, 0, 0, coding, 64)
  expect(wire.length).toBe(noise.length + 5)
})

describe('positions', () => {
  test('may have others between them that are not in the text', () => {
    const text = new SharedText(5)
    text.add(7, event(0))
    text.add(20, event(1))
    expect(text.passage(5, 10, event(0))).toMatchObject({ from: { at: 0 }, to: { at: 100 } })
    expect(text.passage(8, 30, event(1))).toMatchObject({ from: { at: 100 }, to: { at: 200 } })
    expect(text.passage(8, 20, '')).toBeUndefined()
  })

  test('that are no longer held have no passage', () => {
    const text = textOf(10_000)
    expect(text.passage(0, 10, 'x')).toBeUndefined()
    expect(text.passage(0, 9_501, 'x')).toBeUndefined()
    expect(text.passage(9_500, 9_501, event(9_500))).toMatchObject({ from: { at: 950_000 } })
    expect(new SharedText(3).passage(2, 4, 'x')).toBeUndefined()
  })
})
