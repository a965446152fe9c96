import { setTimeout as sleep } from 'node:timers/promises'
import type { Hub } from '@downstream/core'
import type { Acknowledged, Numbered } from './verdict.ts'

/** The news of the tests; `filling` makes them long. */
export type News = { news: { message: Numbered & { filling?: string } } }

/** Publishes numbered news through one hub, and records the results. */
export class Publisher implements Acknowledged {
  readonly by: string
  readonly numbers = new Set<number>()
  readonly errors: unknown[] = []
  readonly #hub: Hub<News>
  #next = 0

  constructor(by: string, hub: Hub<News>) {
    this.by = by
    this.#hub = hub
  }

  /**
   * Publishes `count` news, one every `every` ms, whether the previous ones are confirmed or not; resolves when all
   * are.
   */
  async publish(
    count: number,
    { every = 0, filling }: { every?: number; filling?: string } = {},
  ): Promise<void> {
    const answers: Promise<boolean>[] = []
    for (let n = 0; n < count; n++) {
      answers.push(this.#publish(filling))
      if (every > 0) await sleep(every)
    }
    await Promise.all(answers)
  }

  /** Publishes until one is acknowledged; returns that one. */
  async publishOne(): Promise<Numbered> {
    while (!(await this.#publish())) await sleep(50)
    return { by: this.by, n: Math.max(...this.numbers) }
  }

  async #publish(filling?: string): Promise<boolean> {
    const n = this.#next++
    const { by } = this
    try {
      await this.#hub.publish('news', { data: filling === undefined ? { by, n } : { by, n, filling } })
      this.numbers.add(n)
      return true
    } catch (error) {
      this.errors.push(error)
      return false
    }
  }
}
