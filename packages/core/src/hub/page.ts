import type { Cursor, LogEntry } from '../log/event-log.ts'
import { HubEntry } from './hub-entry.ts'

/** A page of the log. It is read once for all streams that need it, and searched once for each channel. */
export class Page {
  readonly entries: readonly HubEntry[]
  /** Channel -> indices of its entries; made when the page is first searched. */
  #index: Map<string, number[]> | undefined

  constructor(entries: readonly LogEntry[]) {
    this.entries = entries.map((entry) => new HubEntry(entry))
  }

  get length(): number {
    return this.entries.length
  }

  /** The place behind the page; '' when it is empty. */
  get end(): Cursor {
    return this.entries.at(-1)?.cursor ?? ''
  }

  /** The entries of these channels from the index `from` on, in order. */
  of(names: ReadonlySet<string>, from: number): readonly HubEntry[] {
    // A stream of more channels than that is faster looked up entry by entry.
    if (names.size > this.length)
      return this.entries.filter(({ channels }, n) => n >= from && channels.some((name) => names.has(name)))
    this.#index ??= indexOf(this.entries)
    const found = new Set<number>()
    for (const name of names) for (const n of this.#index.get(name) ?? []) if (n >= from) found.add(n)
    const sorted = names.size === 1 ? [...found] : [...found].sort((a, b) => a - b)
    return sorted.map((n) => this.entries[n] as HubEntry)
  }
}

function indexOf(entries: readonly HubEntry[]): Map<string, number[]> {
  const index = new Map<string, number[]>()
  for (const [n, { channels }] of entries.entries()) {
    for (const channel of channels) {
      const list = index.get(channel)
      if (list === undefined) index.set(channel, [n])
      else list.push(n)
    }
  }
  return index
}
