import type { ChannelSet } from './channel-set.ts'
import type { SubscribeOptions } from './hub.ts'
import type { HubEntry } from './hub-entry.ts'
import { collect, type Run } from './run.ts'
import type { Tail } from './tail.ts'

/** What a stream wants of the log. */
export interface Wanted {
  /** A piece of the tail from `position` on. */
  collect(tail: Tail, position: number, slow: boolean): Run
  wants(entry: HubEntry): boolean
  /** The tail starts anew. */
  forget(): void
}

/** What one stream wants: its channels, its filter, and for a slow client the newest of what replaces one another. */
export class Selection implements Wanted {
  readonly channels: ChannelSet
  readonly #filter: SubscribeOptions['filter']
  readonly #coalesce: SubscribeOptions['coalesce']
  readonly #onError: (error: unknown) => void
  #failed = false
  /** Positions of the newest entry of each key, while the client is slow, and how far the tail was looked at for them. */
  readonly #newest = new Map<string, number>()
  #seen = 0

  /** @param onError - called once, with what the filter or the key threw; nothing is wanted from then on */
  constructor(
    channels: ChannelSet,
    { filter, coalesce }: SubscribeOptions,
    onError: (error: unknown) => void,
  ) {
    this.channels = channels
    this.#filter = filter
    this.#coalesce = coalesce
    this.#onError = onError
  }

  collect(tail: Tail, position: number, slow: boolean): Run {
    if (!slow || this.#coalesce === undefined) {
      this.forget()
      return collect(tail, position, tail.next, (entry) => this.wants(entry))
    }
    this.#look(tail, position)
    return collect(tail, position, tail.next, (entry, at) => this.wants(entry) && this.#isNewest(entry, at))
  }

  wants(entry: HubEntry): boolean {
    const event = this.#failed ? undefined : entry.publishedOn(this.channels.names)
    if (event === undefined) return false
    return this.#filter === undefined || this.#guard(() => this.#filter?.(event) ?? false, false)
  }

  /** The tail starts anew, or the client keeps up. */
  forget(): void {
    this.#newest.clear()
    this.#seen = 0
  }

  #look(tail: Tail, position: number): void {
    for (let at = Math.max(this.#seen, position); at < tail.next; at++) {
      const entry = tail.at(at) as HubEntry
      const key = this.wants(entry) ? this.#keyOf(entry) : undefined
      if (key !== undefined) this.#newest.set(key, at)
    }
    this.#seen = tail.next
  }

  #isNewest(entry: HubEntry, position: number): boolean {
    const key = this.#keyOf(entry)
    if (key === undefined) return true
    if (this.#newest.get(key) !== position) return false
    // It is on its way: kept, keys that never come again would pile up.
    this.#newest.delete(key)
    return true
  }

  #keyOf(entry: HubEntry): string | undefined {
    const event = entry.publishedOn(this.channels.names)
    return this.#guard(() => event && this.#coalesce?.(event), undefined)
  }

  #guard<T>(call: () => T, otherwise: T): T {
    try {
      return call()
    } catch (error) {
      if (!this.#failed) this.#onError(error)
      this.#failed = true
      return otherwise
    }
  }
}
