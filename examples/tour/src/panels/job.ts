import { hub } from '../hub.ts'
import { pause } from '../tempo.ts'

export interface Job {
  state: 'idle' | 'running' | 'done' | 'cancelled'
  done: number
  total: number
  step: string
}

export type JobEvents = { progress: Job }

const steps = ['Reading the photos', 'Turning them upright', 'Making thumbnails', 'Writing the album']
let running: AbortController | undefined

/** One job for all visitors: a page that loads in the middle of it shows its progress. */
export let job: Job = { state: 'idle', done: 0, total: 120, step: '' }

// #region job
export async function startJob(): Promise<void> {
  if (running) return
  running = new AbortController()
  try {
    for (let done = 0; done < job.total; done++) {
      const step = steps[Math.floor((done / job.total) * steps.length)] ?? ''
      report({ state: 'running', done, step })
      await pause(200, running.signal)
    }
    report({ state: 'done', done: job.total, step: '' })
  } catch {
    report({ state: 'cancelled', step: '' })
  } finally {
    running = undefined
  }
}

export function cancelJob(): void {
  running?.abort()
}

function report(change: Partial<Job>): void {
  job = { ...job, ...change }
  hub.publish('job', { event: 'progress', data: job })
}
// #endregion
