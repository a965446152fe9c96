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
