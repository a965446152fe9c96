import { Tail } from '../../src/hub/tail.ts'

const entry = (cursor: string) => ({ cursor, channels: ['news'], data: cursor })
const tailOf = (head: string, backlog: string[], length = 3) =>
  new Tail({ length, bytes: 1_000_000 }, head, backlog.map(entry))

test('an empty tail ends at the head that the log gave', () => {
  const tail = tailOf('start', [])
  expect([tail.head, tail.positionAfter('start'), tail.length]).toEqual(['start', 0, 0])
})

test('a cursor is found while its entry is held, and while it directly precedes the oldest entry', () => {
  const tail = tailOf('start', [])
  for (const cursor of ['a', 'b', 'c', 'd']) tail.push(entry(cursor))
  expect(['start', 'a', 'b', 'c', 'd', ''].map((cursor) => tail.positionAfter(cursor))).toEqual([
    undefined,
    1,
    2,
    3,
    4,
    undefined,
  ])
  expect([tail.first, tail.next, tail.head]).toEqual([1, 4, 'd'])
  expect([0, 1, 2, 4].map((position) => tail.cursorBefore(position))).toEqual(['', 'a', 'b', 'd'])
})

test('what precedes a backlog is not known until something is dropped', () => {
  const tail = tailOf('c', ['a', 'b', 'c'])
  expect([tail.cursorBefore(0), tail.head]).toEqual(['', 'c'])
  tail.push(entry('d'))
  expect([tail.cursorBefore(tail.first), tail.positionAfter('a')]).toEqual(['a', 1])
})
