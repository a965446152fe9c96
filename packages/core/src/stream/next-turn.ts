import { clock } from './clock.ts'

/** Resolves in the next turn of the event loop: what takes no time of its own must not keep the loop to itself. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    clock.setImmediate(resolve)
  })
}
