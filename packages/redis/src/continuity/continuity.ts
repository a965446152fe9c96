import type { Cursor, LogEntry } from '@downstream/core'
import { isBefore, type Place } from '../stream/cursor.ts'
import type { Mark, Row } from '../stream/row.ts'
import type { Backlog } from './backlog.ts'
import { type Confirmation, Confirmed, type Overdue } from './confirmed.ts'
import { Recent } from './recent.ts'

/*
 * What is known, what that proves, and which clients get a gap
 *
 * | who knows what                                    | from                     | what it proves                            |
 * |---------------------------------------------------|--------------------------|-------------------------------------------|
 * | a follower: its place, the entry that it read last | XREAD                   | held after a read: nothing is missing in  |
 * |                                                   |                          | front of what was read                    |
 * | a follower: the newest entries that it has read   | XREAD                    | one of them is the oldest in the stream,  |
 * |                                                   |                          | its place is not: the end was lost        |
 * | a publisher: the entries confirmed to it          | XADD                     | not among all rows of a later read: lost  |
 * | a follower: the replication id of its server      | INFO                     | the same: each id that was given is       |
 * |                                                   |                          | greater than all that were given before   |
 * | everybody who reads: a fork mark (`at`, `lost`)   | XREAD, XRANGE            | entries given to somebody up to `lost`    |
 * |                                                   |                          | are missing somewhere before it           |
 * | a client: its cursor                              | its last event           | held: it has received everything before   |
 * |                                                   |                          | it that no later fork mark denies         |
 *
 * | what is noticed                                   | what is done             | which clients get a gap                   |
 * |---------------------------------------------------|--------------------------|-------------------------------------------|
 * | the place is gone, the history is full, and all   | continue at the end      | the clients of this process (`trimmed`)   |
 * | that is held is newer                             |                          |                                           |
 * | the place is gone, nothing is held, or all that   | continue at the end      | the clients of this process; other        |
 * | is held is newer: by one replication id, or       |                          | processes find the same, and no cursor    |
 * | after a genesis mark (FLUSHALL, empty restart)    |                          | from before is held                       |
 * | the place is gone, older entries are held         | fork mark, continue there| the clients of this process at once; of   |
 * | (failover, restored backup, newest deleted)       |                          | others when they come to the mark         |
 * | a confirmed entry is gone (failover, two masters) | fork mark; the publisher | all clients when they come to the mark    |
 * |                                                   | has to reach the same    |                                           |
 * |                                                   | server, or its           |                                           |
 * |                                                   | connection is given up   |                                           |
 * | a confirmed entry is gone with the stream that it | nothing                  | nobody: what they loaded after the gap    |
 * | was in                                            |                          | that each process tells of had it         |
 * | a fork mark                                       | nothing                  | the clients of this process               |
 * | a fork mark whose `lost` lies before the `at` of  | nothing                  | nobody: what they loaded after that gap   |
 * | the last one with a gap, by one server's clock    |                          | had it. So a failover that ten processes  |
 * |                                                   |                          | notice is one gap, not ten                |
 * | a client's cursor before a fork mark              | `read` ends at the mark  | that client                               |
 * | a client's cursor that is not held                | nothing                  | that client                               |
 *
 * Invariants
 * 1. A mark is added at the end, not at a certain id: it does not matter what others publish meanwhile.
 * 2. A process calls `reset` for a loss only when its mark is in the stream. A client that reconnects from an older
 *    place meanwhile would otherwise read across the loss.
 * 3. `at` is read from the clock of Redis before the mark is added, `lost` is put later rather than earlier. Where the
 *    two are compared, a doubt is a gap too many.
 * 4. A mark counts as handled only once followers got a gap for it.
 * 5. That an entry was confirmed and is gone does not say where it was confirmed. Two replication ids do, or a row that
 *    one connection finds and the other does not.
 *
 * What nobody can notice: that all processes which had an entry ended before the loss, as when Redis is restored from
 * a snapshot together with the app; a loss that only a process knows which was cut off for longer than the history; and
 * entries that somebody deletes by hand between others.
 */

/** How many of the newest entries a follower recognizes. */
const SEEN = 4_096

/** What a follower is to tell, in order. */
export type Step = { readonly entries: LogEntry[] } | { readonly reset: Row }

/**
 * Why the place is gone:
 * - `trimmed`: more has passed than the history holds
 * - `emptied`: all entries were deleted or lost
 * - `fork`: the newest entries were lost, older ones are held
 */
export type Break = 'trimmed' | 'emptied' | 'fork'

/** What is found in the stream when the place is gone. */
export interface Evidence {
  /** The oldest row. */
  readonly oldest: Row | undefined
  /** When the newest entry that may be lost was given to somebody, by the clock of Redis. */
  readonly lost: number
  /** Confirmed entries that are not held. */
  readonly gone: readonly Confirmation[]
  /** Whether the stream is so long, or the place so old, that entries are dropped for it. */
  readonly trims: boolean
  /** Replication id of the server; '' when that is not known. */
  readonly server: string
}

/** When followers got a gap, and by whose clock. */
type Reported = Pick<Mark, 'at' | 'server'>

/** Where and when a follower continues after a loss. */
export interface Reset extends Reported {
  readonly head: Row
  /** When the clock of Redis was read, by the clock of this process. */
  readonly asked: number
}

/** What one follower knows of the stream, and what follows from it. It does no I/O. */
export class Continuity {
  readonly #seen = new Recent<string>(SEEN)
  readonly #repeated: Recent<Cursor>
  readonly #confirmed = new Confirmed()
  #place: Row | undefined
  /** When the place was set to the end, whatever came before it. */
  #since = 0
  /** When an entry was last given to followers. */
  #passed = 0
  /** Entries published up to then, by the clock of a server, are covered by a gap that followers got. */
  #reported: Reported = { at: 0, server: '' }
  /** The stream of that server was emptied before this time of this process. */
  #emptied: Pick<Reset, 'server' | 'asked'> | undefined
  /** Replication id of the server that held the place when it was last looked for. */
  #server = ''

  /** @param repeated - takes the cursors of entries that are in the stream a second time */
  constructor(repeated: Recent<Cursor>) {
    this.#repeated = repeated
  }

  /** The row that was read last; undefined before the start. */
  get place(): Row | undefined {
    return this.#place
  }

  /** When an entry was last given to followers; after a loss, it may be one that is lost. */
  get passed(): number {
    return this.#passed
  }

  /** The newest of the confirmed entries that have not come by, one for each session of the publisher. */
  newestConfirmed(): Confirmation[] {
    return this.#confirmed.newest()
  }

  /** Begins at the end of what `server` holds; returns what is handed out of it. */
  start({ rows, head, mark }: Backlog, server: string): LogEntry[] {
    this.#server = server
    const entries = rows.flatMap((row) => this.#entryOf(row) ?? [])
    if (mark?.mark !== undefined) this.#reported = mark.mark
    this.#moveTo(head)
    return entries
  }

  /** Redis has confirmed an entry to this process: it has to come by. */
  confirm(confirmation: Confirmation): void {
    if (this.#seen.has(confirmation.place.nonce) || this.#wasEmptied(confirmation)) return
    this.#confirmed.add(confirmation)
  }

  /** Rows were read after the place, from `server`, and it is proven that nothing is missing before them. */
  pass(rows: readonly Row[], server: string): Step[] {
    this.#server = server
    const steps: Step[] = []
    for (const row of rows) {
      this.#place = row
      this.#confirmed.delete(row.nonce)
      const entry = this.#entryOf(row)
      const last = steps.at(-1)
      if (this.#isTold(row)) steps.push({ reset: row })
      else if (entry === undefined) continue
      else if (last !== undefined && 'entries' in last) last.entries.push(entry)
      else steps.push({ entries: [entry] })
    }
    if (rows.length > 0) this.#passed = performance.now()
    return steps
  }

  /** All rows that were in the stream at `time` have been read: which confirmed entries have not come by? */
  overdue(time: number): Overdue {
    return this.#confirmed.overdue(time, this.#since)
  }

  /** The entry is there, before the point where this follower began. */
  settle({ nonce }: Place): void {
    this.#confirmed.delete(nonce)
  }

  /** A mark tells of all that was given to somebody up to `given`. */
  settleUntil(given: number): void {
    this.#confirmed.forget(({ sent }) => sent <= given)
  }

  /** Why the place is gone. */
  judge({ oldest, lost, gone, trims, server }: Evidence): Break {
    if (oldest === undefined) return 'emptied'
    // The log was empty later than that: what is held is newer than all that may be lost. Two servers' clocks differ.
    const { mark } = oldest
    if (mark?.kind === 'genesis' && mark.server === server && mark.at >= lost) return 'emptied'
    const isOneServer = server !== '' && server === this.#server
    if (!(trims || isOneServer) || this.#seen.has(oldest.nonce)) return 'fork'
    const places = [this.#place, ...gone.map(({ place }) => place)]
    const isNewer = places.every((place) => place === undefined || isBefore(place.id, oldest.id))
    if (!isNewer) return 'fork'
    return trims ? 'trimmed' : 'emptied'
  }

  /** Continues after `head`, after a loss of entries that were given to clients up to `given`. */
  moveTo({ head, at, server, asked }: Reset, why: Break, given: number): void {
    this.#moveTo(head)
    this.#server = server
    this.#reported = { at, server }
    this.#confirmed.delete(head.nonce)
    if (why === 'trimmed') this.#confirmed.clear()
    else this.#confirmed.forget((one) => one.sent <= given)
    if (why !== 'emptied' || server === '') return
    // Each process finds that out by itself, and tells of it: whether it was confirmed in time or not.
    this.#emptied = { server, asked }
    this.#confirmed.forget((one) => this.#wasEmptied(one))
  }

  #moveTo(head: Row): void {
    this.#place = head
    this.#since = performance.now()
    this.#passed = this.#since
    this.#seen.add(head.nonce)
  }

  /** Whether the entry was in the stream when that was emptied, or is before the point where it continued. */
  #wasEmptied({ server, sent }: Confirmation): boolean {
    return server === this.#emptied?.server && sent <= this.#emptied.asked
  }

  /** The entry of a row that was not read before. A proxy that sends a command again stores its entry a second time. */
  #entryOf({ nonce, entry }: Row): LogEntry | undefined {
    const isNew = nonce === '' || this.#seen.add(nonce)
    if (!isNew && entry !== undefined) this.#repeated.add(entry.cursor)
    return isNew ? entry : undefined
  }

  /** Whether followers get a gap at this row. */
  #isTold({ mark }: Row): boolean {
    if (mark?.kind !== 'fork') return false
    if (mark.server === this.#reported.server && mark.lost <= this.#reported.at) return false
    this.#reported = mark
    return true
  }
}
