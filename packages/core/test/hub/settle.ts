import { setImmediate as nextTurn } from 'node:timers/promises'

/** Lets a hub deliver what it has: after a few turns of the event loop everything is handed over. */
export async function settle(turns = 4): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await nextTurn()
}
