/** A server's `retry: 0` must not become a loop without a pause while it is down. */
const AT_LEAST = 50

/** Between `min` and an upper bound that doubles with each failure: a crowd that was cut off together must not return together. */
export function retryDelay(failures: number, min: number, max: number): number {
  return min + Math.random() * Math.max(0, Math.min(max, Math.max(min, AT_LEAST) * 2 ** failures) - min)
}
