import { PageSize } from '../../src/stream/page-size.ts'

test('begins with few rows, and requests as many as fit once it knows their size', () => {
  const size = new PageSize(1_000)
  expect(size.count(1_000_000)).toBe(32)
  size.arrived(32, 32 * 10_000)
  expect(size.count(1_000_000)).toBe(100)
  expect(size.count(25_000)).toBe(2)
  expect(size.count(0)).toBe(1)
})

test('grows step by step, because small rows say nothing about those that follow', () => {
  const size = new PageSize(1_000)
  size.arrived(32, 32)
  expect(size.count(1_000_000)).toBe(256)
  size.arrived(256, 256)
  expect(size.count(1_000_000)).toBe(1_000)
})

test('requests less after a page that did not arrive in time, down to one row', () => {
  const size = new PageSize(1_000)
  const counts = Array.from({ length: 4 }, () => {
    size.failed()
    return size.count(1_000_000)
  })
  expect(counts).toEqual([8, 2, 1, 1])
})
