import { entryBytes } from '../log/entry-bytes.ts'
import type { Cursor, LogEntry } from '../log/event-log.ts'
import { HubEntry } from './hub-entry.ts'

/** A page of the log. It is read once for all streams that need it, and indexed once by channel. */
export class Page {
  readonly entries: readonly LogEntry[]
  /** Bytes of their text. */
  readonly bytes: number
  /** The cursor of the last entry of the page; '' when it is empty. */
  readonly end: Cursor
  /** The entries that at least one stream wants, by their index. */
  readonly #wanted: HubEntry[] = []
  /** Channel -> indices of its entries. Built when the page is first searched. */
  #index: Map<string, number[]> | undefined
  /** Cursor -> index after its entry. Built when a cursor is first looked up. */
  #cursors: Map<Cursor, number> | undefined

  constructor(entries: readonly LogEntry[]) {
    this.entries = entries
    this.bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), 0)
    this.end = entries.at(-1)?.cursor ?? ''
  }

  get length(): number {
    return this.entries.length
  }

  /** The index after the entry at `cursor`; undefined if the page has no such entry. */
  indexAfter(cursor: Cursor): number | undefined {
    this.#cursors ??= new Map(this.entries.map(({ cursor }, n) => [cursor, n + 1]))
    return this.#cursors.get(cursor)
  }

  /** Whether it may have entries of these channels from the index `from` on. */
  has(names: ReadonlySet<string>, from: number): boolean {
    if (names.size > this.length) return true
    for (const name of names) if ((this.#indices(name)?.at(-1) ?? -1) >= from) return true
    return false
  }

  /** The entries of these channels from the index `from` on, in order. */
  of(names: ReadonlySet<string>, from: number): readonly HubEntry[] {
    const found: number[] = []
    // For a stream with more channels than the page has entries, it is faster to check each entry.
    if (names.size > this.length) {
      for (let n = from; n < this.length; n++)
        if (this.entries[n]?.channels.some((name) => names.has(name))) found.push(n)
    } else {
      for (const name of names) for (const n of this.#indices(name) ?? []) if (n >= from) found.push(n)
    }
    const sorted = names.size === 1 ? found : [...new Set(found)].sort((a, b) => a - b)
    return sorted.map((n) => this.#at(n))
  }

  #indices(name: string): readonly number[] | undefined {
    this.#index ??= indexOf(this.entries)
    return this.#index.get(name)
  }

  #at(n: number): HubEntry {
    this.#wanted[n] ??= new HubEntry(this.entries[n] as LogEntry)
    return this.#wanted[n]
  }
}

function indexOf(entries: readonly LogEntry[]): Map<string, number[]> {
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
