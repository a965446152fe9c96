import { setTimeout as sleep } from 'node:timers/promises'

/** SPEED=20 makes everything happen twenty times as often. */
const speed = Number(process.env.SPEED || 1)

// None of these keeps the process from ending when the servers are closed.

export function every(ms: number, action: () => void): void {
  setInterval(action, ms / speed).unref()
}

/** Rejects when `signal` aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms / speed, undefined, { signal, ref: false })
}

/** For delays that the browser measures. */
export function inTempo(ms: number): number {
  return Math.round(ms / speed)
}
