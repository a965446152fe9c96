/** How many ms it may take to notice that a computer has slept. Timers stop meanwhile. */
const LOOK_EVERY = 5_000

/** Runs `action` after `ms`, instead of the previous one. Without arguments it cancels. */
export type Deadline = (ms?: number, action?: () => void) => void

/** Uses the wall clock: an action that became due during a sleep runs right after it. */
export function createDeadline(): Deadline {
  let timer: ReturnType<typeof setTimeout> | undefined
  return (ms = 0, action) => {
    const since = Date.now()
    const wait = (left: number) => {
      timer = setTimeout(look, Math.min(left, LOOK_EVERY))
    }
    const look = () => {
      // Math.abs: a clock that was set back must not make the wait longer.
      const left = ms - Math.abs(Date.now() - since)
      if (left > 0) wait(left)
      else action?.()
    }
    clearTimeout(timer)
    if (action) wait(ms)
  }
}
