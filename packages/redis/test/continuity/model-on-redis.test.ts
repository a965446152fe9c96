// The schedules of model.test.ts on redis-server processes, which do what the model of a server may get wrong.
// REDIS_SCHEDULES=300 plays more of them, REDIS_SCHEDULE_SEED=301 others. The seed gives the plan, not the timing.
import { simulateOnRedis } from '../model/simulation.ts'

const { REDIS_SCHEDULES = '8', REDIS_SCHEDULE_SEED = '1' } = process.env

/** How many are played at once: most of the time they sleep. */
const LANES = 8

jest.setTimeout(3_600_000)

test(`${REDIS_SCHEDULES} random schedules on Redis lose no event without a gap, and cause no gap without a loss`, async () => {
  let next = Number(REDIS_SCHEDULE_SEED)
  const end = next + Number(REDIS_SCHEDULES)
  const failures: string[] = []
  const totals = { schedules: 0, losses: 0, gaps: 0 }
  const play = async () => {
    while (next < end && failures.length === 0) {
      const seed = next++
      const { faults, script, gaps, losses } = await simulateOnRedis(seed)
      totals.schedules++
      totals.losses += losses
      totals.gaps += gaps
      if (faults.length > 0) failures.push(`REDIS_SCHEDULE_SEED=${seed}`, ...faults, '', ...script)
    }
  }
  for (const lane of await Promise.allSettled(Array.from({ length: LANES }, play)))
    if (lane.status === 'rejected') failures.push(String(lane.reason?.stack))
  expect(failures.join('\n')).toBe('')
  // Schedules without a loss would test nothing.
  expect([totals.losses > 0, totals.gaps > 0]).toEqual([true, true])
})
