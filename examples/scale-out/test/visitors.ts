import { setTimeout as sleep } from 'node:timers/promises'

/** How many of them stay connected, so that every process has streams to end. */
const STAYING = 12

/** Open streams one after another, until they are stopped. */
export class Visitors {
  /** How many received an event of a process. */
  served = 0
  /** How many were told by nginx to reconnect because no process was available. */
  turnedAway = 0
  readonly #url: string
  readonly #staying = new Set<Visit>()
  #stopped = false
  readonly #run: Promise<void>

  constructor(url: string) {
    this.#url = url
    this.#run = this.#come()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#run
    for (const visit of this.#staying) visit.leave()
  }

  async #come(): Promise<void> {
    while (!this.#stopped) {
      const visit = await Visit.begin(this.#url)
      if (visit.isServed) this.served++
      if (visit.isTurnedAway) this.turnedAway++
      if (this.#staying.size < STAYING) {
        this.#staying.add(visit)
        visit.over.then(() => this.#staying.delete(visit))
      } else {
        visit.leave()
      }
      await sleep(20)
    }
  }
}

/** One request for a stream. */
export class Visit {
  isTurnedAway = false
  isServed = false
  /** Resolves when the stream has ended, in whatever way. */
  over: Promise<void> = Promise.resolve()
  readonly #leaving = new AbortController()

  /** Resolves when it has received the event of the process, or the whole response. */
  static async begin(url: string): Promise<Visit> {
    const visit = new Visit()
    const { body, headers } = await fetch(url, { signal: visit.#leaving.signal })
    visit.isTurnedAway = headers.get('cache-control') === 'no-store'
    await new Promise<void>((resolve) => {
      visit.over = visit
        .#read(body, resolve)
        .catch(() => {})
        .then(resolve)
    })
    return visit
  }

  leave(): void {
    this.#leaving.abort()
  }

  async #read(body: ReadableStream<Uint8Array> | null, onServed: () => void): Promise<void> {
    let text = ''
    const decoder = new TextDecoder()
    for await (const bytes of body ?? []) {
      if (this.isServed) continue
      text += decoder.decode(bytes)
      this.isServed = text.includes('event: process\n')
      if (this.isServed) onServed()
    }
  }
}
