import { flawless, judge, type Received } from './verdict.ts'

const gap = { gap: 'expired' }
const a = (...numbers: number[]) => numbers.map((n) => ({ by: 'a', n }))
const b = (...numbers: number[]) => numbers.map((n) => ({ by: 'b', n }))

const publishers = [
  { by: 'a', numbers: new Set([0, 1, 2, 3, 5]) },
  { by: 'b', numbers: new Set([0, 1]) },
]

test.each<[what: string, received: Received[], verdict: object]>([
  ['all of it', [...a(0, 1), ...b(0), ...a(2), ...b(1), ...a(3, 5)], {}],
  ['one that was refused, and is there', [...a(0, 1, 2, 3, 4, 5), ...b(0, 1)], {}],
  ['one that was refused, late', [...a(0, 1, 2, 3, 5, 4), ...b(0, 1)], {}],
  ['one that was refused, twice', [...a(0, 1, 2, 3, 4, 4, 5), ...b(0, 1)], { duplicate: 1 }],
  ['nothing', [], { missing: 7 }],
  ['one missing', [...a(0, 1, 3, 5), ...b(0, 1)], { missing: 1 }],
  ['the last one missing', [...a(0, 1, 2, 3), ...b(0, 1)], { missing: 1 }],
  ['one twice', [...a(0, 1, 2, 3, 2, 5), ...b(0, 1)], { duplicate: 1 }],
  ['two the wrong way round', [...a(0, 2, 1, 3, 5), ...b(0, 1)], { outOfOrder: 1 }],
  ['a gap and nothing missing', [...a(0, 1), gap, ...a(2, 3, 5), ...b(0, 1)], { gaps: ['expired'] }],
  ['a gap where all is missing', [gap], { gaps: ['expired'] }],
  ['a gap in place of two', [...b(0, 1), ...a(0, 1), gap, ...a(5)], { gaps: ['expired'] }],
  ['a gap too early', [...a(0), gap, ...a(1, 5), ...b(0, 1)], { missing: 2, gaps: ['expired'] }],
  ['a gap later on', [...a(0, 1, 5), ...b(0, 1), gap], { gaps: ['expired'] }],
  ['a gap for one publisher only', [...a(0), gap, ...a(3, 5), ...b(1)], { gaps: ['expired'] }],
  [
    'a gap before an event that was refused',
    [...a(0, 1, 2, 3), gap, ...a(4, 5), ...b(0, 1)],
    { gaps: ['expired'] },
  ],
])('the verdict on %s', (_, received, verdict) => {
  expect(judge(received, publishers)).toEqual({ ...flawless, ...verdict })
})
