/** Timers stand still while a computer sleeps. This is how long it may take until the end of a sleep is noticed, in ms. */
const LOOK_EVERY = 5_000

/** Does `action` after `ms`, in place of what was to be done before; without arguments nothing. */
export type Deadline = (ms?: number, action?: () => void) => void

/** Goes by the wall clock: what became due during a sleep is done right after it. */
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
