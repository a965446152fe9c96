// Whenever page and server are quiet, a page of six lines has the server's state, whatever has happened before.
// SNAPSHOT_MODEL_RUNS=10000 makes more runs. SNAPSHOT_MODEL_SEED, which a failure prints, repeats one.
import fc from 'fast-check'
import { createHub } from '../../src/hub/create-hub.ts'
import { MemoryLog } from '../../src/log/memory-log.ts'
import { play, type Settings, type SharedLog, settings, steps } from './snapshot-schedule.ts'

const { SNAPSHOT_MODEL_RUNS = '150', SNAPSHOT_MODEL_SEED } = process.env

function inMemory({ log: length }: Settings): SharedLog {
  let log = new MemoryLog({ length })
  return {
    start: (options) => createHub({ ...options, log }),
    // To close a hub would close the log of the others.
    stop: async () => {},
    empty: async () => {
      log = new MemoryLog({ length })
      return false
    },
    settle: async (turn) => {
      for (let turns = 0; turns < 60; turns++) await turn()
    },
  }
}

test(
  'the page has the state of the server whenever both are idle',
  async () => {
    const property = fc.asyncProperty(settings, steps, (options, steps) =>
      play(inMemory(options), options, steps),
    )
    await fc.assert(property, {
      numRuns: Number(SNAPSHOT_MODEL_RUNS),
      ...(SNAPSHOT_MODEL_SEED !== undefined && { seed: Number(SNAPSHOT_MODEL_SEED) }),
    })
  },
  Number(SNAPSHOT_MODEL_RUNS) * 300 + 60_000,
)
