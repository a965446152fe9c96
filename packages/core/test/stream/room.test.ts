import { Room } from '../../src/stream/room.ts'

test('all waiters get the same answer, and later ones wait for the next', async () => {
  const room = new Room()
  const first = [room.wait(), room.wait()]
  room.settle(true)
  const second = room.wait()
  room.settle(false)
  expect(await Promise.all([...first, second])).toEqual([true, true, false])
})

test('settling without waiters has no effect on later ones', async () => {
  const room = new Room()
  room.settle(true)
  const late = room.wait()
  room.settle(false)
  expect(await late).toBe(false)
})
