import { randomBytes } from 'node:crypto'
import { decompress } from 'fzstd'
import { compressedBlock, rawBlocks, ZSTD_END, ZSTD_HEADER } from '../../src/wire/zstd.ts'

/** What an independent decoder reads. */
function read(blocks: string): Buffer {
  return Buffer.from(decompress(Buffer.from(ZSTD_HEADER + blocks + ZSTD_END, 'latin1')))
}

/** Text in which the same words recur. */
function wordy(words: readonly string[], length: number): Buffer {
  const chosen = Array.from({ length }, () => words[Math.floor(Math.random() * words.length)])
  return Buffer.from(chosen.join(' '))
}

test.each([0, 1, 65_536, 65_537, 200_000])('raw blocks of %d bytes', (length) => {
  const bytes = randomBytes(length)
  expect(read(rawBlocks(bytes.toString('latin1'))).equals(bytes)).toBe(true)
})

test('a block can be decoded after other blocks, if the bytes before it are the same', () => {
  for (let round = 0; round < 200; round++) {
    const words = Array.from({ length: 15 }, () => randomBytes(1 + (round % 9)).toString('base64'))
    const [first, second] = [wordy(words, (round * 7) % 900), wordy(words, 1 + ((round * 11) % 700))]
    const both = Buffer.concat([first, second])
    const block = compressedBlock(second, first)
    expect(read(rawBlocks(first.toString()) + block).equals(both)).toBe(true)
    // The offsets that the decoder remembers differ here.
    expect(read(compressedBlock(first, Buffer.alloc(0)) + block).equals(both)).toBe(true)
  }
})

test.each([
  ['one byte, again and again', Buffer.alloc(70_000, 'a'), Buffer.alloc(0)],
  ['the same as before', wordy(['abc', 'defg', 'hi'], 8_000), wordy(['abc', 'defg', 'hi'], 8_000)],
  ['noise', randomBytes(50_000), randomBytes(30_000)],
  ['more than a window', wordy(['abc', 'defg', 'hi'], 60_000), Buffer.alloc(0)],
])('%s', (_, bytes, before) => {
  const blocks = rawBlocks(before.toString('latin1')) + compressedBlock(bytes, before)
  expect(read(blocks).equals(Buffer.concat([before, bytes]))).toBe(true)
})

test('a table of 5.5 KB of which one row is new takes at most 40 bytes', () => {
  const row = (n: number, value: number) =>
    `<tr id="row-${n}"><td class="name">Service ${n}</td><td class="value">${value}</td><td>ms</td></tr>`
  const rows = (version: number) =>
    Array.from({ length: 64 }, (_, n) =>
      row(n, (Math.floor((version + n) / 64) * 7_919 + n * 104_729) % 90_000),
    )
  const table = (version: number) =>
    `id: 5f0c1a2b3c4d-${version}\ndata: <table>${rows(version).join('')}</table>\n\n`
  const sizes = Array.from({ length: 20 }, (_, version) => {
    const [before, now] = [table(version + 64), table(version + 65)]
    const block = compressedBlock(Buffer.from(now), Buffer.from(before))
    expect(read(rawBlocks(before) + block).toString()).toBe(before + now)
    return block.length
  })
  expect(table(64).length).toBeGreaterThan(5_000)
  expect(table(64)).not.toBe(table(65))
  expect(sizes.reduce((sum, size) => sum + size) / 20).toBeLessThanOrEqual(40)
})
