/**
 * The least `min`, in ms, for the upper limit. Otherwise `retry: 0` would become a loop without a pause while the
 * server is down.
 */
const AT_LEAST = 50

/**
 * A random time between `min` and an upper limit that doubles with each failure: clients that were disconnected
 * together must not reconnect together.
 */
export function retryDelay(failures: number, min: number, max: number): number {
  return min + Math.random() * Math.max(0, Math.min(max, Math.max(min, AT_LEAST) * 2 ** failures) - min)
}
