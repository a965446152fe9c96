import { cancelQuietly, type Pull } from './source.ts'

/**
 * Passes each item of a source to `take`, and asks for the next one when `take` has room for it, until the source ends
 * or `signal` aborts. Unless the source ended by itself, it is stopped: at once when the signal aborts, even while it
 * is idle.
 *
 * @param take - its promise is awaited. It returns undefined if there is nothing to wait for, because an await costs as
 *   much as all other work for a token
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
