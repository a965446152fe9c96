import { Confirmed } from '../../src/continuity/confirmed.ts'

const position = (n: number) => ({ id: `${n}-0`, nonce: `nonce ${n}` })
const none = { lost: [], doubtful: [] }

const confirmation = (n: number) => ({ position: position(n), session: 1, server: '', sent: n, at: n + 5 })

/** Entry n is sent at n and confirmed at n + 5. */
function confirmed(...numbers: number[]): Confirmed {
  const all = new Confirmed()
  for (const n of numbers) all.add(confirmation(n))
  return all
}

test('nothing is overdue if nothing was confirmed', () => {
  expect(new Confirmed().overdue(100, 0)).toEqual(none)
})

test('an id that was confirmed before a complete read, which did not find it, is lost', () => {
  expect(confirmed(10, 20).overdue(16, 0)).toEqual({ lost: [confirmation(10)], doubtful: [] })
})

test('an id that was confirmed after the read began can still arrive', () => {
  expect(confirmed(10, 20).overdue(15, 0)).toEqual(none)
})

test('an id that was sent before the follower started can precede its start', () => {
  expect(confirmed(10, 20).overdue(30, 20)).toEqual({
    lost: [],
    doubtful: [confirmation(10), confirmation(20)],
  })
  expect(confirmed(10, 20).overdue(30, 19)).toEqual({
    lost: [confirmation(20)],
    doubtful: [confirmation(10)],
  })
})

test('an id that has arrived is not overdue', () => {
  const all = confirmed(10, 20)
  all.delete('nonce 10')
  expect(all.overdue(20, 0)).toEqual(none)
})

test('an id that a mark covers is not overdue', () => {
  const all = confirmed(10, 20)
  all.forget(({ at }) => at <= 15)
  expect(all.overdue(24, 0)).toEqual(none)
  expect(all.overdue(30, 0)).toEqual({ lost: [confirmation(20)], doubtful: [] })
  all.clear()
  expect(all.overdue(30, 0)).toEqual(none)
})

test('at most 100 000 are remembered, the newest, and a thousand are doubtful at once', () => {
  const all = new Confirmed()
  for (let n = 0; n <= 100_000; n++) all.add(confirmation(n))
  const { lost } = all.overdue(Number.POSITIVE_INFINITY, -1)
  expect([lost.length, lost[0]]).toEqual([100_000, confirmation(1)])
  expect(all.overdue(Number.POSITIVE_INFINITY, 200_000).doubtful).toHaveLength(1_000)
})

test('the newest of each session stands for all of that session', () => {
  const all = new Confirmed()
  for (const [n, session] of [1, 2, 1, 2, 3].entries()) all.add({ ...confirmation(n), session })
  expect(all.newest().map(({ sent }) => sent)).toEqual([2, 3, 4])
})
