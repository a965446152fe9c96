import { cancelQuietly, type Pull } from './source.ts'

/**
 * Gives each item of a source to `take`, the next one when `take` has room for it, until the source ends or `signal`
 * aborts. Stops the source unless it ended by itself: at once when the signal aborts, also while it is idle.
 *
 * @param take - what it returns is awaited; undefined when there is nothing to wait for, because even to await that
 * would take as long as all else that a token costs
 */
export async function drain<T>(
  pull: Pull<T>,
  signal: AbortSignal,
  take: (item: T) => Promise<unknown> | undefined,
): Promise<void> {
  let atEnd = false
  const stop = () => {
    if (!atEnd) void cancelQuietly(pull)
    atEnd = true
  }
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  try {
    while (!atEnd) {
      let step: IteratorResult<T>
      try {
        step = await pull.next()
      } catch (error) {
        // A source that failed has ended: there is nothing to stop.
        atEnd = true
        throw error
      }
      if (step.done) atEnd = true
      else if (!atEnd) {
        const room = take(step.value)
        if (room !== undefined) await room
      }
    }
  } finally {
    stop()
    signal.removeEventListener('abort', stop)
  }
}
