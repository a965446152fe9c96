import { Room } from '../../src/stream/room.ts'

test('all who wait hear the same, and those who wait later wait for the next', async () => {
  const room = new Room()
  const first = [room.wait(), room.wait()]
  room.settle(true)
  const second = room.wait()
  room.settle(false)
  expect(await Promise.all([...first, second])).toEqual([true, true, false])
})

test('settling with nobody waiting leaves nothing behind for who comes next', async () => {
  const room = new Room()
  room.settle(true)
  const late = room.wait()
  room.settle(false)
  expect(await late).toBe(false)
})
