import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

/** Work that takes a while: it pretends to resize photos. The page receives its public properties. */
export class Job {
  readonly id: string = randomUUID()
  readonly photos: string[] = Array.from({ length: 24 }, (_, index) => `IMG_${2041 + index}.jpg`)
  finished = 0
  state: 'running' | 'done' | 'failed' | 'cancelled' = 'running'
  error = ''
  readonly #cancelling = new AbortController()

  /** Yields each photo when it is finished, and ends when the job has ended, whatever the result. */
  async *run(stepMs: number, damaged?: string): AsyncGenerator<string, void> {
    const { signal } = this.#cancelling
    try {
      for (const photo of this.photos) {
        await sleep(stepMs * (0.5 + Math.random()), undefined, { signal })
        if (photo === damaged) throw new Error(`${photo} is damaged`)
        this.finished++
        yield photo
      }
      this.state = 'done'
    } catch (error) {
      this.state = signal.aborted ? 'cancelled' : 'failed'
      this.error = error instanceof Error ? error.message : String(error)
    }
  }

  cancel(): void {
    this.#cancelling.abort()
  }
}
