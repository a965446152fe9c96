import { readBacklog } from '../../src/continuity/backlog.ts'
import type { RedisStream } from '../../src/stream/redis-stream.ts'
import type { Mark, Row } from '../../src/stream/row.ts'

/** Row n, whose time is n. */
function rowOf(n: number, bytes = 1, mark?: Mark['kind']): Row {
  const position = { id: `${n}-0`, nonce: String(n).padStart(8, '0') }
  if (mark !== undefined) return { ...position, mark: { kind: mark, at: n, lost: n, server: '' } }
  return { ...position, entry: { cursor: `${n}`, channels: [], data: 'x'.repeat(bytes) } }
}

/** A stream with these rows, oldest first; `answers` are the numbers of rows that Redis sent. */
function streamOf(rows: readonly Row[]) {
  const answers: number[] = []
  const rangeBack = async (from: string, count: number) => {
    const end = from === '+' ? rows.length : rows.findIndex(({ id }) => id === from) + 1
    const page = rows.slice(Math.max(0, end - count), end).reverse()
    answers.push(page.length)
    return page
  }
  return { stream: { rangeBack } as unknown as RedisStream, answers }
}

const numbers = (rows: readonly Row[]) => rows.map(({ id }) => Number.parseInt(id, 10))
const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, n) => first + n)

// The whole backlog was read by its number of entries: 770 MB for 10 000 events of 30 KB, of which 16 MiB were wanted.
test('of large entries, little more is read than is wanted, and no more than about a mebibyte at once', async () => {
  const { stream, answers } = streamOf(upTo(2_000).map((n) => rowOf(n, 30_000)))
  const { rows } = await readBacklog(stream, { length: 10_000, bytes: 16_777_216 })
  expect(numbers(rows)).toEqual(upTo(2_000, 2_000 - 558))
  expect(Math.max(...answers) * 30_000).toBeLessThan(1_100_000)
  // Each answer repeats a row of the one before it.
  expect(answers.reduce((sum, count) => sum + count - 1, 1)).toBeLessThan(559 + 40)
})

test.each<[what: string, rows: Row[], oldest: number, got: number[]]>([
  ['everything, if there is less', upTo(5).map((n) => rowOf(n)), 0, upTo(5)],
  ['page after page', upTo(3_000).map((n) => rowOf(n)), 0, upTo(3_000, 1_001)],
  ['what is not older than maxAge', upTo(5).map((n) => rowOf(n)), 3, [3, 4, 5]],
  ['what comes after a fork mark', [rowOf(1), rowOf(2, 1, 'fork'), rowOf(3), rowOf(4)], 0, [3, 4]],
  ['a genesis mark, which is no entry', [rowOf(1, 1, 'genesis'), rowOf(2)], 0, [1, 2]],
  [
    'nothing of other programs',
    [rowOf(1), { id: '2-0', nonce: '', unreadable: 'foreign' }, rowOf(3)],
    0,
    [1, 3],
  ],
])('a follower starts with %s', async (_, stored, oldest, got) => {
  const { stream } = streamOf(stored)
  const { head, rows, mark } = await readBacklog(stream, { length: 2_000, bytes: 1_000_000 }, oldest)
  expect(numbers(rows)).toEqual(got)
  expect(head).toBe(stored.at(-1))
  expect(mark).toBe(stored.find((row) => row.mark?.kind === 'fork'))
})
