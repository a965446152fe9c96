// The schedules of model.test.ts on redis-server processes: what the model leaves out of Redis, nothing here can.
// More of them: REDIS_SCHEDULES=300. One again: REDIS_SCHEDULE_SEED, though the timing is another one.
import { simulateOnRedis } from '../model/simulation.ts'

const { REDIS_SCHEDULES = '4', REDIS_SCHEDULE_SEED } = process.env

jest.setTimeout(3_600_000)

/** How many are played at once: most of the time they sleep. */
const LANES = 4

test(`${REDIS_SCHEDULES} random schedules on Redis lose nothing in silence, and tell of no gap without a loss`, async () => {
  const first = Number(REDIS_SCHEDULE_SEED ?? 1)
  const end = first + (REDIS_SCHEDULE_SEED === undefined ? Number(REDIS_SCHEDULES) : 1)
  const totals = { gaps: 0, losses: 0 }
  const failures: string[] = []
  let next = first
  const play = async () => {
    while (next < end && failures.length === 0) {
      const seed = next++
      const { faults, script, gaps, losses } = await simulateOnRedis(seed)
      totals.gaps += gaps
      totals.losses += losses
      if (faults.length > 0) failures.push(`REDIS_SCHEDULE_SEED=${seed}`, ...faults, '', ...script)
    }
  }
  for (const lane of await Promise.allSettled(Array.from({ length: LANES }, play)))
    if (lane.status === 'rejected') failures.push(String(lane.reason?.stack))
  expect(failures.join('\n')).toBe('')
  // They have something to find.
  expect([totals.losses > 0, totals.gaps > 0]).toEqual([true, true])
})
