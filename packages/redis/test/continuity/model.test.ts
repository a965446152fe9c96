// Random schedules of failovers, split brains, restores, deletions, cut connections and delays, checked against an
// oracle: each client gets every acknowledged event once and in order, or a gap that is sent after it was published.
// Each run of the tests plays others. REDIS_MODEL_RUNS=10000 makes more of them. REDIS_MODEL_SEED, which a failure
// prints, repeats one.
import { simulate } from '../model/simulation.ts'

const { REDIS_MODEL_RUNS = '150', REDIS_MODEL_SEED } = process.env

jest.setTimeout(1_200_000)

test(`${REDIS_MODEL_RUNS} random schedules lose nothing silently, and report no gap without a loss`, async () => {
  const first = Number(REDIS_MODEL_SEED ?? Math.floor(Math.random() * 1e9))
  const runs = REDIS_MODEL_SEED === undefined ? Number(REDIS_MODEL_RUNS) : 1
  const totals = { gaps: 0, losses: 0 }
  for (let seed = first; seed < first + runs; seed++) {
    const { faults, script, gaps, losses } = await simulate(seed)
    totals.gaps += gaps
    totals.losses += losses
    if (faults.length > 0)
      throw new Error(`REDIS_MODEL_SEED=${seed}\n${faults.join('\n')}\n\n${script.join('\n')}`)
  }
  // Schedules without a loss would test nothing.
  expect(totals.losses).toBeGreaterThan(0)
  expect(totals.gaps).toBeGreaterThan(0)
})
