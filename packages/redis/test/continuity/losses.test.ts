import type { GuardedConnection } from '../../src/connection/guarded-connection.ts'
import { Continuity } from '../../src/continuity/continuity.ts'
import { Losses, type LossSource } from '../../src/continuity/losses.ts'
import { Recent } from '../../src/continuity/recent.ts'
import type { RedisStream } from '../../src/stream/redis-stream.ts'
import type { Mark } from '../../src/stream/row.ts'

const head = { id: '5-0', nonce: 'head----' }
const position = { id: '4-0', nonce: 'entry---' }

/** A follower that starts at `head`, on a stream that holds `position` or not. Its server was `startedOn` then. */
function start(holds: boolean, startedOn = 'one') {
  const continuity = new Continuity(new Recent(10))
  continuity.start({ rows: [], head }, startedOn)
  const mark = jest.fn(async () => ({ id: '6-0', nonce: 'mark----' }))
  const stream = {
    holds: async () => holds,
    mark,
    time: async () => 1_000 + performance.now() - startedAt,
    range: async () => [{ id: '1-0', nonce: 'oldest--' }],
    length: async () => 1,
  }
  const startedAt = performance.now()
  const suspect = jest.fn(async () => {})
  const publisher = { suspect, session: 1 }
  const losses = new Losses(
    { identify: async () => 'one', publisher } as unknown as LossSource,
    {} as GuardedConnection,
    stream as unknown as RedisStream,
    continuity,
  )
  return { continuity, losses, mark, suspect }
}

// An entry that was sent before the follower started may be stored before its position, where it is never read.
test.each([
  ['is stored before the position of the follower is not lost', true, 0],
  ['is not stored is lost, and a mark reports it', false, 1],
])('an entry that was sent before the start, was confirmed after it and %s', async (_, holds, marks) => {
  const { continuity, losses, mark } = start(holds)
  const at = performance.now()
  continuity.confirm({ position, session: 1, server: 'one', sent: 0, at })
  for (let reads = 1; reads < 4; reads++) await losses.check(at + reads, 'one')
  expect(mark).toHaveBeenCalledTimes(marks)
})

test('if two masters confirm different entries, marks are added at intervals, not for each entry', async () => {
  const { continuity, losses, mark } = start(false)
  for (let n = 0; n < 100; n++) {
    const at = performance.now()
    continuity.confirm({
      position: { id: `${10 + n}-0`, nonce: `n${n}`.padEnd(8, '-') },
      session: 1,
      server: 'two',
      sent: at,
      at,
    })
    await losses.check(at + 1, 'one')
  }
  expect(mark.mock.calls.length).toBeLessThan(50)
})

// The second mark was a second gap for one loss.
test.each([
  ['the session that publishes is suspected, too', 1],
  ['a session that has ended is not', 2],
])('one mark reports that the position is gone and a newer confirmed entry too; %s', async (_, session) => {
  const { continuity, losses, mark, suspect } = start(false)
  const sent = performance.now() + 1_000
  continuity.confirm({ position, session, server: 'one', sent, at: sent })
  expect(await losses.recover(head, 'one')).toMatchObject({ reason: 'log-changed' })
  for (let reads = 1; reads < 4; reads++) await losses.check(sent + reads, 'one')
  expect(mark).toHaveBeenCalledTimes(1)
  expect(suspect).toHaveBeenCalledTimes(session === 1 ? 1 : 0)
})

// A process that was told of the loss later than the clients of another one caused a second gap there.
test.each([
  ['was published, by its id, if that is of the same clock', 'one', 6],
  ['was delivered, if the id is of the clock of another server', 'two', 1_001],
])('a mark says when the newest lost entry %s', async (_, startedOn, lost) => {
  const { losses, mark } = start(false, startedOn)
  await losses.recover(head, 'one')
  const [[reported]] = mark.mock.calls as unknown as [[Mark]]
  expect(Math.floor(reported.lost)).toBe(lost)
})

test('the time of a gap is later than the ids of all that was lost with the entry that is missing', async () => {
  const { continuity, losses } = start(false)
  const now = 1_000
  await losses.recover(head, 'one')
  const sameMs: Mark = { kind: 'fork', at: now + 10, lost: now + 1, server: 'one' }
  expect(continuity.pass([{ id: '7-0', nonce: 'another-', mark: sameMs }], 'one')).toEqual([])
})
