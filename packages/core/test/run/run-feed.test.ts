import { MemoryRunStore } from '../../src/run/memory-run-store.ts'
import { RunFeed, RunPiece } from '../../src/run/run-feed.ts'

const reading = (count: number, length: number) => ({
  attempt: 'a',
  state: { id: 'x', status: 'running' as const, events: count, bytes: 0, startedAt: 0 },
  first: 3,
  events: Array.from({ length: count }, (_, n) => `data: ${'x'.repeat(length)}${n}\n\n`),
})

/** A store that counts, and one run in it. */
async function openStore() {
  const store = new MemoryRunStore()
  const run = { ttl: 60_000, maxBytes: 1_000_000, replace: false, onRevoked() {} }
  const { claim } = await store.start('x', run)
  const read = jest.spyOn(store, 'read')
  const ended = jest.fn()
  const follow = store.follow.bind(store)
  const following = jest.spyOn(store, 'follow').mockImplementation((id, listener) => {
    const unfollow = follow(id, listener)
    return () => {
      unfollow()
      ended()
    }
  })
  const append = async (text: string) => claim?.append([text])
  return { feed: new RunFeed('x', store), read, following, ended, append }
}

test('events get their positions as ids', () => {
  expect(new RunPiece(reading(2, 1)).encode()).toEqual({
    text: 'id: a-3\ndata: x0\n\nid: a-4\ndata: x1\n\n',
    next: 5,
  })
})

test('only a part of many events is encoded at once, and only once for all followers', () => {
  const piece = new RunPiece(reading(200, 1_000))
  const { text, next } = piece.encode()
  expect(text.length).toBeGreaterThan(65_000)
  expect(text.length).toBeLessThan(67_000)
  expect(text.match(/^id:/gm)).toHaveLength(next - 3)
  expect(piece.encode()).toBe(piece.encode())
})

test('followers at the same position share one read, until the run changes', async () => {
  const { feed, read, append } = await openStore()
  const [one, same, other] = [
    feed.read(undefined),
    feed.read(undefined),
    feed.read({ attempt: 'a', number: 1 }),
  ]
  expect(read).toHaveBeenCalledTimes(2)
  void append('data: 1\n\n')
  const later = feed.read(undefined)
  expect(read).toHaveBeenCalledTimes(3)
  expect(await same).toBe(await one)
  await other
  expect((await later)?.reading.events).toEqual(['data: 1\n\n'])
  await feed.read(undefined)
  expect(read).toHaveBeenCalledTimes(4)
})

test('the store is followed once, until the last follower has ended', async () => {
  const { feed, following, ended } = await openStore()
  const [one, other] = [{ onNews: jest.fn() }, { onNews: jest.fn() }]
  feed.add(one)
  feed.add(other)
  expect(following).toHaveBeenCalledTimes(1)
  feed.delete(one)
  feed.delete(one)
  expect([feed.empty, ended.mock.calls.length]).toEqual([false, 0])
  feed.delete(other)
  feed.delete(other)
  expect([feed.empty, ended.mock.calls.length]).toEqual([true, 1])
})
