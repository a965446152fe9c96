import type { ReceivedEvent } from '@downstream/testing'
import { entryBytes } from '../../src/log/entry-bytes.ts'
import type { Cursor, LogBounds, LogEntry } from '../../src/log/event-log.ts'
import { encodeEvent } from '../../src/wire/encode.ts'
import type { LogWatcher } from './faulty-log.ts'

/** What the test puts into every event. */
export interface Payload {
  n: number
  key: string | undefined
  pad: string
}

/** An entry that the log had at some time, and what it stands for. */
export interface Past extends LogEntry {
  readonly payload: Payload
}

/** What one client wants, over all its connections. */
export interface Wish {
  readonly channels: readonly string[]
  readonly filter?: ((payload: Payload) => boolean) | undefined
  /** Its subscription leaves out what has been replaced while it reads too slowly. */
  readonly coalesce: boolean
}

/** What a client knows. `at` is how many entries of the history lie behind it; undefined before it knows. */
export interface Standing {
  readonly at: number | undefined
  readonly cursor: Cursor
  /** The newest entry that was left out, by key: a newer one of that key has to follow. */
  readonly replaced: ReadonlyMap<string, number>
}

/** What has to come first for a client without a place: a bookmark, or a gap of one of these reasons. */
export type First = '' | 'malformed' | 'expired' | 'malformed or expired'

export const NOWHERE: Standing = { at: undefined, cursor: '', replaced: new Map() }

/** What something bounded has to hold: the plainest way to say it. */
class Held {
  readonly items: { cursor: Cursor; bytes: number; at: number }[] = []
  /** The place in front of the oldest item; undefined when nobody knows it. */
  base: { cursor: Cursor; at: number } | undefined
  readonly #bounds: LogBounds

  constructor(bounds: LogBounds, base: { cursor: Cursor; at: number } | undefined) {
    this.#bounds = bounds
    this.base = base
  }

  push(cursor: Cursor, bytes: number, at: number): void {
    this.items.push({ cursor, bytes, at })
    const isOver = () =>
      this.items.length > this.#bounds.length || (this.items.length > 1 && this.bytes > this.#bounds.bytes)
    while (isOver()) this.base = this.items.shift()
  }

  get bytes(): number {
    return this.items.reduce((sum, item) => sum + item.bytes, 0)
  }

  get head(): { cursor: Cursor; at: number } | undefined {
    return this.items.at(-1) ?? this.base
  }

  holds(cursor: Cursor): boolean {
    return this.base?.cursor === cursor || this.items.some((item) => item.cursor === cursor)
  }
}

/** All that was ever published, and what log and tail have to hold of it: the judge of what streams are told. */
export class History implements LogWatcher {
  readonly past: Past[] = []
  readonly places = new Map<Cursor, number>()
  tail: Held | undefined
  /** The reset that is being told right now. */
  reset: { cursor: Cursor; reason: string } | undefined
  #log: Held
  readonly #logBounds: LogBounds
  readonly #tailBounds: LogBounds

  constructor(logBounds: LogBounds, tailBounds: LogBounds) {
    this.#logBounds = logBounds
    this.#tailBounds = tailBounds
    this.#log = new Held(logBounds, undefined)
  }

  /** The cursor of the hub's end. */
  get head(): Cursor {
    return this.tail?.head?.cursor ?? ''
  }

  isHeld(cursor: Cursor): boolean {
    return this.#log.holds(cursor) || (this.tail?.holds(cursor) ?? false)
  }

  /** Whether the log still has all that the hub has not been told yet. */
  canGoOn(): boolean {
    return this.tail === undefined || this.#log.holds(this.head)
  }

  began(head: Cursor): void {
    this.places.set(head, this.past.length)
    this.#log = new Held(this.#logBounds, { cursor: head, at: this.past.length })
  }

  appended(entry: LogEntry): void {
    this.past.push({ ...entry, payload: JSON.parse(entry.data) })
    const at = this.past.length
    this.places.set(entry.cursor, at)
    this.#log.push(entry.cursor, entryBytes(entry), at)
  }

  started(head: Cursor, backlog: readonly LogEntry[]): void {
    const at = this.places.get(head) as number
    this.tail = new Held(this.#tailBounds, backlog.length === 0 ? { cursor: head, at } : undefined)
    this.passedOn(backlog)
  }

  passedOn(batch: readonly LogEntry[]): void {
    for (const { cursor, data, event } of batch) {
      const bytes = Buffer.byteLength(encodeEvent({ event, id: cursor, data }))
      this.tail?.push(cursor, bytes, this.places.get(cursor) as number)
    }
  }

  resetting(cursor: Cursor, reason: string, tell: () => void): void {
    this.tail = new Held(this.#tailBounds, { cursor, at: this.places.get(cursor) as number })
    this.reset = { cursor, reason }
    tell()
    this.reset = undefined
  }

  /** The entries that `wish` is about, behind place `from` and up to place `to`. */
  wanted({ channels, filter }: Wish, from: number, to: number): Past[] {
    return this.past
      .slice(from, to)
      .filter(
        (entry) =>
          entry.channels.some((channel) => channels.includes(channel)) && (filter?.(entry.payload) ?? true),
      )
  }
}

/** Judges what one connection is told, at the moment that it is told. */
export class Judge {
  readonly #history: History
  readonly #wish: Wish
  readonly #maxResume: number
  readonly #first: First
  readonly #from: number
  #standing: Standing
  #told = 0
  /** Its client has left something unread. */
  wasSlow = false

  constructor(history: History, wish: Wish, maxResume: number, standing: Standing, first: First) {
    this.#history = history
    this.#wish = wish
    this.#maxResume = maxResume
    this.#standing = standing
    this.#from = standing.at ?? 0
    this.#first = first
  }

  get standing(): Standing {
    return this.#standing
  }

  /** Where the client stands once it has read `event`. */
  tell(event: ReceivedEvent): Standing {
    const { at } = this.#standing
    const id = event.id ?? ''
    const place = this.#history.places.get(id)
    if (place === undefined) throw new Error(`An id that the log never gave: ${JSON.stringify(event)}`)
    if (at !== undefined && place < at) throw new Error(`Back from ${at} to ${place} by ${event.event}`)
    if (event.event === 'gap') this.#gap(id, place, JSON.parse(event.data).reason)
    else if (event.event === 'bookmark') this.#bookmark(id, place)
    else this.#event(event, id, place)
    this.#told++
    return this.#standing
  }

  /** Throws unless the client has all that the log had for it. */
  end(): void {
    const { at, replaced } = this.#standing
    if (at === undefined) throw new Error('It was told nothing.')
    this.#expectNothingBetween(at, this.#history.past.length, 'the end')
    if (replaced.size > 0) throw new Error(`The newest of ${[...replaced.keys()]} never came.`)
  }

  #event({ event, data }: ReceivedEvent, cursor: Cursor, place: number): void {
    const { at } = this.#standing
    const entry = this.#history.past[place - 1]
    if (at === undefined) throw new Error(`It starts with event ${place}, and nobody knows from where.`)
    if (entry?.cursor !== cursor) throw new Error(`An event with the id of a place: ${cursor}`)
    if (place === at) throw new Error(`Twice: ${place}`)
    if (data !== entry.data || event !== (entry.event ?? 'message'))
      throw new Error(`Not what was published: ${data}`)
    if (!this.#history.wanted(this.#wish, place - 1, place).includes(entry))
      throw new Error(`Not wanted: ${place}`)
    const replaced = new Map(this.#standing.replaced)
    for (const missing of this.#history.wanted(this.#wish, at, place - 1)) {
      const { key } = missing.payload
      const missed = this.#history.places.get(missing.cursor) as number
      if (!this.#wish.coalesce || !this.wasSlow || key === undefined)
        throw new Error(`Missing and silent: ${missed}, in front of ${place}`)
      replaced.set(key, missed)
    }
    const { key } = entry.payload
    if (key !== undefined) replaced.delete(key)
    this.#standing = { at: place, cursor, replaced }
  }

  #bookmark(cursor: Cursor, place: number): void {
    const { at, replaced } = this.#standing
    if (at === undefined && this.#first !== '') throw new Error(`A bookmark instead of a gap ${this.#first}`)
    if (cursor !== this.#history.head) throw new Error(`A bookmark that is not the end: ${place}`)
    if (at !== undefined) this.#expectNothingBetween(at, place, 'a bookmark')
    if (replaced.size > 0) throw new Error(`A bookmark before the newest of ${[...replaced.keys()]}`)
    this.#standing = { at: place, cursor, replaced: new Map() }
  }

  #gap(cursor: Cursor, place: number, reason: string): void {
    const why = this.#whyNoGap(cursor, reason)
    if (why !== undefined) throw new Error(`A gap ${reason} at ${place}, but ${why}`)
    this.#standing = { at: place, cursor, replaced: new Map() }
  }

  #whyNoGap(cursor: Cursor, reason: string): string | undefined {
    const { at, cursor: last } = this.#standing
    const { reset, tail, head, past } = this.#history
    const isFirst = this.#told === 0
    switch (reason) {
      case 'trimmed':
      case 'log-changed':
        if (reset?.reason !== reason) return 'the log was not reset'
        return cursor === reset.cursor ? undefined : 'it goes on somewhere else'
      case 'slow':
        if (at === undefined) return 'it knows no place'
        if (this.#history.isHeld(last)) return 'nothing that it has not got was dropped'
        return cursor === tail?.base?.cursor ? undefined : 'not from the oldest entry held'
      case 'too-far':
        if (at === undefined) return 'it knows no place'
        if (past.length - this.#from <= this.#maxResume) return 'it is not far behind'
        return cursor === head ? undefined : 'it does not go on at the end'
      case 'expired':
        if (at !== undefined && this.#history.isHeld(last)) return 'its place is held'
        if (!isFirst) return 'it had a place'
        if (at === undefined && this.#first === 'malformed') return 'its id was none'
        return cursor === head ? undefined : 'it does not go on at the end'
      case 'malformed':
        if (at !== undefined || !this.#first.includes(reason)) return 'its id was none of that kind'
        return cursor === head ? undefined : 'it does not go on at the end'
      default:
        return 'there is no such reason'
    }
  }

  #expectNothingBetween(from: number, to: number, what: string): void {
    const [missing] = this.#history.wanted(this.#wish, from, to)
    if (missing === undefined) return
    throw new Error(`Missing and silent: ${this.#history.places.get(missing.cursor)}, in front of ${what}`)
  }
}
