import { AsyncResource } from 'node:async_hooks'
import { SseError } from '../errors.ts'
import type { Cursor } from '../log/event-log.ts'
import { describe } from '../wire/describe.ts'
import type { ChannelSet } from './channel-set.ts'
import { checkedFilter } from './checked-filter.ts'
import type { SubscribeOptions } from './hub.ts'
import type { HubEntry } from './hub-entry.ts'
import { collect, type Run } from './run.ts'
import type { Tail } from './tail.ts'

/**
 * Selects the events for one stream with a `filter` or `coalesce`. The app's functions run in the async context of
 * `subscribe()`, never in the publisher's.
 *
 * While the client is slow, the newest event of a key takes the position of the first one that it replaces, and the
 * events in between are left out. At the position of the newest event, a key that keeps changing would never be sent.
 */
export class Selection {
  readonly #channels: ChannelSet
  readonly #filter: SubscribeOptions['filter']
  readonly #coalesce: SubscribeOptions['coalesce']
  readonly #scope = new AsyncResource('DownstreamSubscription')
  /**
   * The error that one of the functions threw, or the error for its wrong return value. After it, no event is selected.
   */
  #failure: { readonly error: unknown } | undefined
  #ended = false
  /**
   * While the client is slow: positions of the first and the newest entry of each key among those that were not sent
   * yet.
   */
  readonly #pending = new Map<string, { first: number; newest: number }>()
  /** Entries that were sent at an earlier position, by key. Entries of the key up to them need not be sent any more. */
  readonly #sent = new Map<string, { position: number; cursor: Cursor }>()
  /** The tail was searched for keys up to this position. */
  #seen = 0

  constructor(channels: ChannelSet, { filter, coalesce }: SubscribeOptions) {
    this.#channels = channels
    this.#filter = filter
    this.#coalesce = coalesce
  }

  get failure(): { readonly error: unknown } | undefined {
    return this.#failure
  }

  /** A piece of the tail from `position` on. */
  fromTail(tail: Tail, position: number, slow: boolean): Run {
    return this.#scope.runInAsyncScope(() => {
      if (slow && this.#coalesce !== undefined) return this.#coalesced(tail, position)
      this.forget()
      return collect(tail, position, tail.next, (entry) => (this.#wants(entry) ? entry.text : ''))
    })
  }

  /** A piece of a page of the log, of which `entries` are those of the stream's channels. */
  fromPage(entries: readonly HubEntry[], from: number): Run {
    return this.#scope.runInAsyncScope(() =>
      collect(entries, from, entries.length, (entry) =>
        this.#wants(entry) && !this.#wasSent(entry) ? entry.text : '',
      ),
    )
  }

  /** Ends the selection with its subscription: the functions are not called again. */
  end(): void {
    this.#ended = true
  }

  /** Drops positions, because the stream's position is no longer in the tail. */
  leaveTail(): void {
    this.#pending.clear()
    this.#seen = 0
  }

  /** Drops all keys, because the stream had a gap or its client keeps up. */
  forget(): void {
    this.leaveTail()
    this.#sent.clear()
  }

  #coalesced(tail: Tail, position: number): Run {
    this.#collectKeys(tail, position)
    return collect(tail, position, tail.next, (entry, at) => {
      if (!this.#wants(entry)) return ''
      const key = this.#keyOf(entry)
      if (this.#failure !== undefined) return ''
      if (key === undefined) return entry.text
      const sent = this.#sent.get(key)
      if (sent !== undefined && sent.position <= at) this.#sent.delete(key)
      const pending = this.#pending.get(key)
      if (pending?.first !== at) return ''
      this.#pending.delete(key)
      if (pending.newest === at) return entry.text
      const newest = tail.at(pending.newest) as HubEntry
      this.#sent.set(key, { position: pending.newest, cursor: newest.cursor })
      return newest.textAt(entry.cursor)
    })
  }

  #collectKeys(tail: Tail, position: number): void {
    for (let at = Math.max(this.#seen, position); at < tail.next; at++) {
      const entry = tail.at(at) as HubEntry
      const key = this.#wants(entry) ? this.#keyOf(entry) : undefined
      if (key === undefined || at <= (this.#sent.get(key)?.position ?? -1)) continue
      const pending = this.#pending.get(key)
      if (pending === undefined) this.#pending.set(key, { first: at, newest: at })
      else pending.newest = at
    }
    this.#seen = tail.next
  }

  /** Whether the entry, or a newer one of its key, was sent early. */
  #wasSent(entry: HubEntry): boolean {
    if (this.#sent.size === 0) return false
    const key = this.#keyOf(entry)
    const sent = key === undefined ? undefined : this.#sent.get(key)
    if (key === undefined || sent === undefined) return false
    if (sent.cursor === entry.cursor) this.#sent.delete(key)
    return true
  }

  #wants(entry: HubEntry): boolean {
    if (this.#failure !== undefined || this.#ended) return false
    const event = entry.publishedOn(this.#channels.names)
    if (event === undefined) return false
    const filter = this.#filter
    return filter === undefined || this.#guard(() => checkedFilter(filter, event), false)
  }

  #keyOf(entry: HubEntry): string | undefined {
    const event = entry.publishedOn(this.#channels.names)
    if (event === undefined || this.#ended) return undefined
    return this.#guard(() => checkedKey(this.#coalesce?.(event)), undefined)
  }

  #guard<T>(call: () => T, otherwise: T): T {
    try {
      return call()
    } catch (error) {
      this.#failure ??= { error }
      return otherwise
    }
  }
}

/**
 * Requires a string or undefined. A promise, for example, would be a new key for each event, so no event would ever be
 * replaced.
 */
function checkedKey(key: unknown): string | undefined {
  if (typeof key === 'string' || key === undefined) return key
  Promise.resolve(key).catch(() => {})
  throw new SseError(
    'ERR_SSE_INVALID_OPTION',
    `Option coalesce must return a string or undefined; got ${describe(key)}.`,
  )
}
