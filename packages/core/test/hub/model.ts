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

/** An entry that the log had at some time, and its meaning. */
export interface Past extends LogEntry {
  /** Undefined for a message to hubs. */
  readonly payload: Payload | undefined
}

/** What one client requests, over all its connections. */
export interface Wish {
  readonly channels: readonly string[]
  readonly filter?: ((payload: Payload) => boolean) | undefined
  /** Its subscription skips replaced events while it reads too slowly. */
  readonly coalesce: boolean
}

/**
 * The state of a client. `at` is the number of history entries that it has passed; undefined before it has a cursor.
 */
export interface Standing {
  readonly at: number | undefined
  readonly cursor: Cursor
}

/** What must come first for a client without a cursor: a bookmark, or a gap with one of these reasons. */
export type First = '' | 'malformed' | 'expired' | 'malformed or expired'

export const NO_POSITION: Standing = { at: undefined, cursor: '' }

/** The content of something bounded, in the simplest implementation. */
class Held {
  readonly items: { cursor: Cursor; bytes: number; at: number }[] = []
  /** The cursor before the oldest item; undefined if it is not known. */
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

/** Everything that was ever published, and what log and tail must hold of it. It judges what streams receive. */
export class History implements LogWatcher {
  readonly past: Past[] = []
  readonly positions = new Map<Cursor, number>()
  tail: Held | undefined
  /** The resets that were reported, in order. */
  readonly resets: { cursor: Cursor; reason: string }[] = []
  /** Called when the hub is about to receive that a key is disconnected. */
  onDisconnect: (key: string) => void = () => {}
  #log: Held
  readonly #logBounds: LogBounds
  readonly #tailBounds: LogBounds

  constructor(logBounds: LogBounds, tailBounds: LogBounds) {
    this.#logBounds = logBounds
    this.#tailBounds = tailBounds
    this.#log = new Held(logBounds, undefined)
  }

  /** The cursor of the end of the hub. */
  get head(): Cursor {
    return this.tail?.head?.cursor ?? ''
  }

  isHeld(cursor: Cursor): boolean {
    return this.#log.holds(cursor) || (this.tail?.holds(cursor) ?? false)
  }

  /** Whether the log still has everything that the hub has not received yet. */
  canGoOn(): boolean {
    return this.tail === undefined || this.#log.holds(this.head)
  }

  began(head: Cursor): void {
    this.positions.set(head, this.past.length)
    this.#log = new Held(this.#logBounds, { cursor: head, at: this.past.length })
  }

  appended(entry: LogEntry): void {
    this.past.push({ ...entry, payload: entry.channels.length === 0 ? undefined : JSON.parse(entry.data) })
    const at = this.past.length
    this.positions.set(entry.cursor, at)
    this.#log.push(entry.cursor, entryBytes(entry), at)
  }

  started(head: Cursor, backlog: readonly LogEntry[]): void {
    const at = this.positions.get(head) as number
    this.tail = new Held(this.#tailBounds, backlog.length === 0 ? { cursor: head, at } : undefined)
    this.passedOn(backlog)
  }

  passedOn(batch: readonly LogEntry[]): void {
    for (const { cursor, channels, data, event } of batch) {
      if (channels.length === 0) this.onDisconnect(data)
      const bytes = channels.length === 0 ? 0 : Buffer.byteLength(encodeEvent({ event, id: cursor, data }))
      this.tail?.push(cursor, bytes, this.positions.get(cursor) as number)
    }
  }

  resetting(cursor: Cursor, reason: string, reset: () => void): void {
    this.tail = new Held(this.#tailBounds, { cursor, at: this.positions.get(cursor) as number })
    this.resets.push({ cursor, reason })
    reset()
  }

  /** The entries that `wish` selects, after position `from` and up to position `to`. */
  wanted({ channels, filter }: Wish, from: number, to: number): Past[] {
    const wanted: Past[] = []
    for (let at = from; at < Math.min(to, this.past.length); at++) {
      const entry = this.past[at] as Past
      if (entry.payload === undefined || !entry.channels.some((channel) => channels.includes(channel)))
        continue
      if (filter?.(entry.payload) ?? true) wanted.push(entry)
    }
    return wanted
  }
}

/** Judges what one connection receives, at the moment it receives it. */
export class Judge {
  readonly #history: History
  readonly #wish: Wish
  readonly #maxResume: number
  readonly #first: First
  readonly #from: number
  #standing: Standing
  #received = 0
  /** How many resets the client knows of or does not need to know. */
  #resets: number
  /** Positions of the events that were sent ahead of their position, by key: older events of that key were replaced. */
  readonly #sent = new Map<string, number>()
  /** The client has left something unread. */
  wasSlow = false

  constructor(history: History, wish: Wish, maxResume: number, standing: Standing, first: First) {
    this.#history = history
    this.#wish = wish
    this.#maxResume = maxResume
    this.#standing = standing
    this.#from = standing.at ?? 0
    this.#first = first
    this.#resets = history.resets.length
  }

  get standing(): Standing {
    return this.#standing
  }

  /** The position of the client once it has read `event`. */
  receive(event: ReceivedEvent): Standing {
    const { at } = this.#standing
    const id = event.id ?? ''
    const position = this.#history.positions.get(id)
    if (position === undefined) throw new Error(`An id that the log never gave: ${JSON.stringify(event)}`)
    if (at !== undefined && position < at) throw new Error(`Back from ${at} to ${position} by ${event.event}`)
    if (event.event === 'gap') this.#gap(id, position, JSON.parse(event.data).reason)
    else if (event.event === 'bookmark') this.#bookmark(id, position)
    else this.#event(event, id, position)
    this.#received++
    return this.#standing
  }

  /** Throws unless the client has everything that the log had for it. */
  end(): void {
    const { at } = this.#standing
    if (at === undefined) throw new Error('It received nothing.')
    this.#expectNothingBetween(at, this.#history.past.length, 'the end')
  }

  #event({ event, data }: ReceivedEvent, cursor: Cursor, position: number): void {
    const { at } = this.#standing
    const { past } = this.#history
    const entry = past[position - 1]
    if (at === undefined) throw new Error(`It starts with event ${position} without a known start.`)
    if (entry?.cursor !== cursor) throw new Error(`An event with the id of another entry: ${cursor}`)
    if (position === at) throw new Error(`Twice: ${position}`)
    if (!this.#isWanted(entry, position)) throw new Error(`Not wanted: ${position}`)
    const { n } = JSON.parse(data)
    const given = past.findIndex(({ payload }) => payload?.n === n) + 1
    const sent = past[given - 1]
    if (data !== sent?.data || event !== (sent.event ?? 'message'))
      throw new Error(`Not what was published: ${data}`)
    this.#expectNothingBetween(at, position - 1, `event ${position}`)
    const key = entry.payload?.key ?? ''
    if ((this.#sent.get(key) ?? 0) >= position)
      throw new Error(`Older than what was sent of ${key}: ${position}`)
    if (given !== position) {
      if (!this.#wish.coalesce || !this.wasSlow || sent.payload?.key !== key || given < position)
        throw new Error(`Event ${given} instead of ${position}`)
      if (!this.#isWanted(sent, given)) throw new Error(`Not wanted: ${given}`)
      this.#sent.set(key, given)
    }
    this.#standing = { at: position, cursor }
  }

  #bookmark(cursor: Cursor, position: number): void {
    const { at } = this.#standing
    if (at === undefined && this.#first !== '') throw new Error(`A bookmark instead of a gap ${this.#first}`)
    if (at === undefined && cursor !== this.#history.head)
      throw new Error(`A bookmark that is not the end: ${position}`)
    if (at !== undefined) this.#expectNothingBetween(at, position, 'a bookmark')
    this.#standing = { at: position, cursor }
  }

  #gap(cursor: Cursor, position: number, reason: string): void {
    const why = this.#whyNoGap(cursor, reason)
    if (why !== undefined) throw new Error(`A gap ${reason} at ${position}, but ${why}`)
    this.#sent.clear()
    this.#standing = { at: position, cursor }
  }

  #whyNoGap(cursor: Cursor, reason: string): string | undefined {
    const { at, cursor: last } = this.#standing
    const { resets, tail, head, past } = this.#history
    const reset = resets.at(-1)
    const isFirst = this.#received === 0
    switch (reason) {
      case 'trimmed':
      case 'log-changed':
        if (reset?.reason !== reason || resets.length === this.#resets) return 'the log was not reset'
        this.#resets = resets.length
        return cursor === reset.cursor ? undefined : 'its cursor differs from that of the reset'
      case 'slow':
        if (at === undefined) return 'it has no cursor'
        if (this.#history.isHeld(last)) return 'nothing that it has not got was dropped'
        return cursor === (tail?.base ?? tail?.items[0])?.cursor
          ? undefined
          : 'not from the oldest entry held'
      case 'too-far':
        if (at === undefined) return 'it has no cursor'
        if (past.length - this.#from <= this.#maxResume) return 'it is not far back'
        return cursor === head ? undefined : 'it does not go on at the end'
      case 'expired':
        if (at !== undefined && this.#history.isHeld(last)) return 'its cursor is held'
        if (!isFirst && this.wasSlow) return 'it was slow'
        if (at === undefined && this.#first === 'malformed') return 'its id was none'
        return cursor === head ? undefined : 'it does not go on at the end'
      case 'malformed':
        if (at !== undefined || !this.#first.includes(reason)) return 'its id was none of that kind'
        return cursor === head ? undefined : 'it does not go on at the end'
      default:
        return 'there is no such reason'
    }
  }

  #isWanted(entry: Past, position: number): boolean {
    return this.#history.wanted(this.#wish, position - 1, position).includes(entry)
  }

  #expectNothingBetween(from: number, to: number, what: string): void {
    for (const { cursor, payload } of this.#history.wanted(this.#wish, from, to)) {
      const missing = this.#history.positions.get(cursor) as number
      if (missing <= (this.#sent.get(payload?.key ?? '') ?? 0)) continue
      throw new Error(`Missing without a gap: ${missing}, before ${what}`)
    }
  }
}
