import { EventEmitter, once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'

/** A test that waits longer than this fails, and says what it waited for. */
const TIMEOUT = 140_000

/** What has happened so far, in order, and a way to wait for more. */
export class Journal<T> {
  readonly entries: T[] = []
  readonly #emitter = new EventEmitter()

  add(entry: T): void {
    this.entries.push(entry)
    this.#emitter.emit('entry')
  }

  /** The first `count` entries, as soon as they exist. */
  async first(count: number): Promise<T[]> {
    const signal = AbortSignal.timeout(TIMEOUT)
    while (this.entries.length < count) {
      await once(this.#emitter, 'entry', { signal }).catch(() => {
        throw new Error(`Waited for ${count} entries; there are ${inspect(this.entries, { depth: 1 })}`)
      })
    }
    return this.entries.slice(0, count)
  }

  /** The entry at `index`, as soon as it exists. */
  async at(index: number): Promise<T> {
    return (await this.first(index + 1))[index] as T
  }
}

/** Resolves when `condition` holds, for a state without an event. */
export async function until(condition: () => boolean): Promise<void> {
  const signal = AbortSignal.timeout(TIMEOUT)
  while (!condition()) {
    if (signal.aborted) throw new Error(`Timed out, still false: ${condition}`)
    await sleep(5)
  }
}
