import { Page } from '../../src/hub/page.ts'
import { RecentPages } from '../../src/hub/recent-pages.ts'
import { useFakeClock, useRealClock } from '../stream/fake-clock.ts'

/** The page of the entries from `first` to `last`; the cursor of each is its number. */
function page(first: number, last: number): Page {
  const entries = []
  for (let n = first; n <= last; n++) entries.push({ cursor: String(n), channels: ['c'], data: String(n) })
  return new Page(entries)
}

function pages(...list: [first: number, last: number][]): RecentPages {
  const recent = new RecentPages()
  for (const [first, last] of list) recent.add(String(first - 1), page(first, last))
  return recent
}

const dataAfter = (recent: RecentPages, cursor: string) => {
  const found = recent.after(cursor)
  return found && [found.page.entries[found.from]?.data, found.page.end]
}

test('a cursor before or inside a page returns the rest of the page', () => {
  const recent = pages([1, 5], [6, 9])
  expect(dataAfter(recent, '0')).toEqual(['1', '5'])
  expect(dataAfter(recent, '3')).toEqual(['4', '5'])
  expect(dataAfter(recent, '5')).toEqual(['6', '9'])
  recent.clear()
})

test('entries after the last page, and entries that are in no page, must be read from the log', () => {
  const recent = pages([1, 5])
  expect(recent.after('5')).toBeUndefined()
  expect(recent.after('77')).toBeUndefined()
  recent.add('5', page(6, 5))
  expect(recent.after('5')).toBeUndefined()
  recent.clear()
  expect(recent.after('0')).toBeUndefined()
})

test('readers of overlapping ranges find each other: one page ends inside a page of the other', () => {
  const recent = pages([1, 5], [2, 6])
  expect(recent.after('5')).toBeUndefined()
  expect(recent.afterConcurrent('5')).toMatchObject({ from: 4, page: { end: '6' } })
  recent.clear()
})

test('the oldest page is dropped first', () => {
  const recent = new RecentPages()
  for (let n = 0; n < 1_000; n++) recent.add(String(n), page(n + 1, n + 1))
  expect(recent.after('0')).toBeUndefined()
  expect(recent.after('999')).toBeDefined()
  // The dropped page left nothing behind: 1 is now inside a page and not the end of one.
  recent.add('0', page(1, 2))
  expect(dataAfter(recent, '1')).toEqual(['2', '2'])
  recent.clear()
})

test('pages are dropped a second after the last one was read', () => {
  useFakeClock()
  try {
    const recent = pages([1, 5])
    jest.advanceTimersByTime(900)
    recent.add('5', page(6, 9))
    jest.advanceTimersByTime(900)
    expect(recent.after('0')).toBeDefined()
    jest.advanceTimersByTime(200)
    expect([recent.after('0'), recent.after('5')]).toStrictEqual([undefined, undefined])
  } finally {
    useRealClock()
  }
})
