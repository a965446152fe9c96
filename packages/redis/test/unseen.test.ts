import { Unseen } from '../src/unseen.ts'

const place = (n: number) => ({ id: `${n}-0`, nonce: `nonce ${n}` })

function confirmed(...numbers: number[]): Unseen {
  const unseen = new Unseen()
  for (const n of numbers) unseen.confirm(place(n))
  return unseen
}

test('what is on its way is not overdue', () => {
  expect(new Unseen().overdue('9-0', true)).toBeUndefined()
  expect(confirmed(5, 6).overdue('4-0', false)).toBeUndefined()
})

test('what has come by is not overdue', () => {
  const unseen = confirmed(5, 6)
  unseen.see('nonce 5')
  unseen.see('nonce 6')
  unseen.see('of somebody else')
  expect(unseen.overdue('9-0', true)).toBeUndefined()
})

test('what was passed over by a later one is overdue', () => {
  const unseen = confirmed(5, 6, 7)
  unseen.see('nonce 7')
  expect(unseen.overdue('1-0', false)).toEqual(place(6))
})

test('what was passed by another id is overdue, up to that', () => {
  expect(confirmed(5, 6, 7).overdue('6-0', false)).toEqual(place(6))
  expect(confirmed(5, 6, 7).overdue('6-1', false)).toEqual(place(6))
})

test('when there is nothing more to come, all is overdue', () => {
  expect(confirmed(5, 6, 7).overdue('4-0', true)).toEqual(place(7))
})

test('what is settled is not overdue again', () => {
  const unseen = confirmed(5, 6, 7)
  unseen.see('nonce 6')
  unseen.settle(place(5))
  expect(unseen.overdue('6-0', false)).toBeUndefined()
  expect(unseen.overdue('7-0', false)).toEqual(place(7))
  unseen.settle(place(7))
  expect(unseen.overdue('7-0', true)).toBeUndefined()
})

test('what is cleared is not waited for', () => {
  const unseen = confirmed(5, 6)
  unseen.see('nonce 6')
  unseen.confirm(place(7))
  unseen.clear()
  expect(unseen.overdue('9-0', true)).toBeUndefined()
})

test('of very many the oldest are given up', () => {
  const unseen = confirmed(...Array.from({ length: 10_001 }, (_, n) => n + 1))
  expect(unseen.overdue('1-0', false)).toBeUndefined()
  expect(unseen.overdue('2-0', false)).toEqual(place(2))
})
