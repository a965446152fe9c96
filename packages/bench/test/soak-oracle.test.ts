import { Course, Oracle } from '../src/soak/oracle.ts'
import { growths, type Sample } from '../src/soak/page.ts'

/** A client that receives these numbers; a string is another thing that happens to it. */
function judge(numbers: (number | 'gap' | 'forged')[], { doubtful = [] as number[], newest = 0 } = {}) {
  const oracle = new Oracle()
  const course = new Course()
  for (const number of doubtful) oracle.published('a', number, false)
  if (newest > 0) oracle.published('a', newest, true)
  for (const number of numbers) {
    if (number === 'gap') course.gap()
    else if (number === 'forged') course.rewind(undefined)
    else oracle.take('client', 'a', course, number)
  }
  oracle.ends('client', 'a', course)
  return oracle.judge()
}

const good = { lost: 0, twice: 0, silent: 0 }

test('a client that received everything in order has lost nothing', () => {
  expect(judge([5, 6, 7], { newest: 7 })).toEqual(good)
})

test('an event that never arrived is lost, in the middle and at the end', () => {
  expect(judge([5, 7])).toEqual({ ...good, lost: 1 })
  expect(judge([5, 9])).toEqual({ ...good, lost: 3 })
  expect(judge([5, 6], { newest: 8 })).toEqual({ ...good, lost: 2 })
})

test('an event missing at a gap is not lost; one missing after it is', () => {
  expect(judge([5, 'gap', 9])).toEqual(good)
  expect(judge([5, 'gap', 9, 11])).toEqual({ ...good, lost: 1 })
  expect(judge([5, 'gap'], { newest: 9 })).toEqual(good)
})

test('an event that arrives again or too late is counted as repeated, even after a gap', () => {
  expect(judge([5, 5])).toEqual({ ...good, twice: 1 })
  expect(judge([5, 6, 4])).toEqual({ ...good, twice: 1 })
  expect(judge([5, 'gap', 5])).toEqual({ ...good, twice: 1 })
})

test('an event whose publish was rejected may be missing', () => {
  expect(judge([5, 7], { doubtful: [6] })).toEqual(good)
  expect(judge([5, 8], { doubtful: [6] })).toEqual({ ...good, lost: 1 })
})

test('a client that reconnects with an earlier id gets those events again', () => {
  const oracle = new Oracle()
  const course = new Course()
  for (const number of [5, 6, 7]) oracle.take('client', 'a', course, number)
  course.rewind(5)
  for (const number of [6, 7]) oracle.take('client', 'a', course, number)
  expect(oracle.judge()).toEqual(good)
  course.rewind(5)
  oracle.take('client', 'a', course, 7)
  expect(oracle.judge()).toEqual({ ...good, lost: 1 })
})

test('steady growth of memory is detected, and a jump is not', () => {
  const sample = (at: number, mb: number) => ({
    app: 'a',
    at,
    state: { heap: mb * 1_048_576, resources: { Timeout: 3 }, streams: { open: 0 } },
  })
  const samples = (heap: (at: number) => number) =>
    Array.from({ length: 30 }, (_, at) => sample(at, heap(at))) as unknown as Sample[]
  const flat = (heap: (at: number) => number) => growths(samples(heap)).map((growth) => growth.flat)
  expect(flat((at) => 50 + (at % 2) * 10)).toEqual([true, true])
  expect(flat((at) => 50 + 2 * at)).toEqual([false, true])
})
