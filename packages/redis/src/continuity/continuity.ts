import type { Cursor, LogEntry } from '@downstream/core'
import { isBefore, type Position } from '../stream/cursor.ts'
import type { Mark, Row } from '../stream/row.ts'
import type { Backlog } from './backlog.ts'
import { type Confirmation, Confirmed, type Overdue } from './confirmed.ts'
import { Recent } from './recent.ts'

/*
 * What is known, what that proves, and which clients get a gap. The "position" of a follower is the entry that it has
 * read last.
 *
 * | who knows it    | what                        | from         | what it proves                                  |
 * |-----------------|-----------------------------|--------------|-------------------------------------------------|
 * | a follower      | its position                | XREAD        | still stored after a read: nothing before the   |
 * |                 |                             |              | rows of that read is missing                    |
 * | a follower      | the newest entries that it  | XREAD        | one of them is the oldest in the stream, and    |
 * |                 | has read                    |              | its position is not: the newest were lost       |
 * | a publisher     | the entries confirmed to it | XADD         | not found by a later read of everything: lost   |
 * | a follower      | the replication id of its   | INFO         | unchanged: every new id is greater than all     |
 * |                 | server                      |              | earlier ones                                    |
 * | every reader    | a fork mark (`at`, `lost`)  | XREAD,       | somewhere before the mark, entries that clients |
 * |                 |                             | XRANGE       | have received up to `lost` are missing          |
 * | a client        | its cursor                  | its last     | stored: it has received everything before that, |
 * |                 |                             | event        | unless a later fork mark says otherwise         |
 *
 * | what is noticed                                 | what is done              | which clients get a gap               |
 * |-------------------------------------------------|---------------------------|---------------------------------------|
 * | the position is gone, the history is full, and  | continue at the end       | the clients of this process           |
 * | all that is stored is newer                     |                           | (`trimmed`)                           |
 * | the position is gone; nothing is stored, or     | continue at the end       | the clients of this process; other    |
 * | everything stored is newer, by one replication  |                           | processes notice the same, and no     |
 * | id or after a genesis mark (FLUSHALL, empty     |                           | cursor from before is stored          |
 * | restart)                                        |                           |                                       |
 * | the position is gone, older entries are stored  | add a fork mark, continue | the clients of this process at once;  |
 * | (failover, restored backup, newest deleted)     | there                     | others when they reach the mark       |
 * | a confirmed entry is gone (failover, two        | add a fork mark; the      | all clients when they reach the mark  |
 * | masters)                                        | publisher must reach the  |                                       |
 * |                                                 | same server, or loses its |                                       |
 * |                                                 | connection                |                                       |
 * | a confirmed entry is gone together with the     | nothing                   | none: they loaded its state after the |
 * | stream that had it                              |                           | gap that each process reports         |
 * | a fork mark                                     | nothing                   | the clients of this process           |
 * | a fork mark whose `lost` is before the `at` of  | nothing                   | none: they loaded its state after     |
 * | the last one that caused a gap, by the clock of |                           | that gap. So a failover that ten      |
 * | one server                                      |                           | processes notice is one gap, not ten  |
 * | a client's cursor before a fork mark            | `read` ends at the mark   | that client                           |
 * | a client's cursor that is not stored            | nothing                   | that client                           |
 *
 * Invariants
 * 1. A mark is added at the end, not at a certain id: events that are published meanwhile cannot prevent it.
 * 2. A process calls `reset` for a loss only when its mark is in the stream. Otherwise a client that reconnects with an
 *    older cursor meanwhile would read across the loss.
 * 3. `at` is read from the clock of Redis before the mark is added, and `lost` is rounded up. Where the two are compared,
 *    a doubt causes a gap too many.
 * 4. A mark counts as handled only after followers got a gap for it.
 * 5. That a confirmed entry is gone does not prove that it was on another server. Two replication ids do, or a row that
 *    one connection finds and the other does not.
 *
 * What no process can notice: a loss after which none of the processes that had the entries is running, as when Redis is
 * restored from a snapshot together with the app; a loss that is known only to a process that was cut off for longer
 * than the history; entries that somebody deletes between others.
 */

/** How many of the newest entries a follower recognizes. */
const SEEN = 4_096

/** What a follower receives next, in order. */
export type Step = { readonly entries: LogEntry[] } | { readonly reset: Row }

/**
 * Why the position is gone:
 * - `trimmed`: more has passed than the history holds
 * - `emptied`: all entries were deleted or lost
 * - `fork`: the newest entries were lost, older ones are stored
 */
export type Break = 'trimmed' | 'emptied' | 'fork'

/** What is found in the stream when the position is gone. */
export interface Evidence {
  /** The oldest row. */
  readonly oldest: Row | undefined
  /** When the newest entry that may be lost was handed out, by the clock of Redis. */
  readonly lost: number
  /** Confirmed entries that are not stored. */
  readonly gone: readonly Confirmation[]
  /** Whether the stream is so long, or the position so old, that Redis drops entries. */
  readonly trims: boolean
  /** Replication id of the server; '' if unknown. */
  readonly server: string
}

/** When followers got a gap, and by the clock of which server. */
type Reported = Pick<Mark, 'at' | 'server'>

/** Where and when a follower continues after a loss. */
export interface Reset extends Reported {
  readonly head: Row
  /** When the clock of Redis was read, by the clock of this process. */
  readonly asked: number
}

/** What one follower knows about the stream, and what it concludes. It does no I/O. */
export class Continuity {
  readonly #seen = new Recent<string>(SEEN)
  readonly #repeated: Recent<Cursor>
  readonly #confirmed = new Confirmed()
  #position: Row | undefined
  /** When the position was set to the end without having read everything before it. */
  #since = 0
  /** When an entry was last handed out. */
  #passed = 0
  /** Followers got a gap that covers all entries up to this time of that server's clock. */
  #reported: Reported = { at: 0, server: '' }
  /** The stream of that server was emptied before this time of this process. */
  #emptied: Pick<Reset, 'server' | 'asked'> | undefined
  /** Replication id of the server that had the position when it was last looked up. */
  #server = ''

  /**
   * @param repeated - collects the cursors of entries that are in the stream a second time
   */
  constructor(repeated: Recent<Cursor>) {
    this.#repeated = repeated
  }

  /** The row that was read last; undefined before the start. */
  get position(): Row | undefined {
    return this.#position
  }

  /** When an entry was last handed out; after a loss, it may be one that is lost. */
  get passed(): number {
    return this.#passed
  }

  /** The newest of the confirmed entries that were not read yet, one for each session of the publisher. */
  newestConfirmed(): Confirmation[] {
    return this.#confirmed.newest()
  }

  /** Begins at the end of what `server` has; returns the entries to hand out. */
  start({ rows, head, mark }: Backlog, server: string): LogEntry[] {
    this.#server = server
    const entries = rows.flatMap((row) => this.#entryOf(row) ?? [])
    if (mark?.mark !== undefined) this.#reported = mark.mark
    this.#moveTo(head)
    return entries
  }

  /** Redis has confirmed an entry to this process: it must be read sooner or later. */
  confirm(confirmation: Confirmation): void {
    if (this.#seen.has(confirmation.position.nonce) || this.#wasEmptied(confirmation)) return
    this.#confirmed.add(confirmation)
  }

  /** Rows were read after the position, from `server`, and it is proven that nothing before them is missing. */
  pass(rows: readonly Row[], server: string): Step[] {
    this.#server = server
    const steps: Step[] = []
    for (const row of rows) {
      this.#position = row
      this.#confirmed.delete(row.nonce)
      const entry = this.#entryOf(row)
      const last = steps.at(-1)
      if (this.#startsGap(row)) steps.push({ reset: row })
      else if (entry === undefined) continue
      else if (last !== undefined && 'entries' in last) last.entries.push(entry)
      else steps.push({ entries: [entry] })
    }
    if (rows.length > 0) this.#passed = performance.now()
    return steps
  }

  /** The confirmed entries that are missing now that all rows from before `time` were read. */
  overdue(time: number): Overdue {
    return this.#confirmed.overdue(time, this.#since)
  }

  /** The entry is stored, before the position where this follower began. */
  settle({ nonce }: Position): void {
    this.#confirmed.delete(nonce)
  }

  /** A mark reports the loss of everything that was handed out up to `given`. */
  settleUntil(given: number): void {
    this.#confirmed.forget(({ sent }) => sent <= given)
  }

  /** Why the position is gone. */
  judge({ oldest, lost, gone, trims, server }: Evidence): Break {
    if (oldest === undefined) return 'emptied'
    // The log was empty later than that, so all that is stored is newer than all that may be lost. Compare only times
    // of one server, because clocks differ.
    const { mark } = oldest
    if (mark?.kind === 'genesis' && mark.server === server && mark.at >= lost) return 'emptied'
    const isOneServer = server !== '' && server === this.#server
    if (!(trims || isOneServer) || this.#seen.has(oldest.nonce)) return 'fork'
    const positions = [this.#position, ...gone.map(({ position }) => position)]
    const isNewer = positions.every((position) => position === undefined || isBefore(position.id, oldest.id))
    if (!isNewer) return 'fork'
    return trims ? 'trimmed' : 'emptied'
  }

  /** Continues after `head`, after a loss of entries that were handed out up to `given`. */
  moveTo({ head, at, server, asked }: Reset, why: Break, given: number): void {
    this.#moveTo(head)
    this.#server = server
    this.#reported = { at, server }
    this.#confirmed.delete(head.nonce)
    if (why === 'trimmed') this.#confirmed.clear()
    else this.#confirmed.forget((one) => one.sent <= given)
    if (why !== 'emptied' || server === '') return
    // Each process notices and reports that by itself, whether the entry was confirmed in time or not.
    this.#emptied = { server, asked }
    this.#confirmed.forget((one) => this.#wasEmptied(one))
  }

  #moveTo(head: Row): void {
    this.#position = head
    this.#since = performance.now()
    this.#passed = this.#since
    this.#seen.add(head.nonce)
  }

  /** Whether the entry was in the stream when that was emptied, or is before the position where the follower continued. */
  #wasEmptied({ server, sent }: Confirmation): boolean {
    return server === this.#emptied?.server && sent <= this.#emptied.asked
  }

  /** The entry of a row that was not read before. A proxy that sends a command again stores its entry a second time. */
  #entryOf({ nonce, entry }: Row): LogEntry | undefined {
    const isNew = nonce === '' || this.#seen.add(nonce)
    if (!isNew && entry !== undefined) this.#repeated.add(entry.cursor)
    return isNew ? entry : undefined
  }

  /** Whether followers get a gap at this row. Remembers that they did. */
  #startsGap({ mark }: Row): boolean {
    if (mark?.kind !== 'fork') return false
    if (mark.server === this.#reported.server && mark.lost <= this.#reported.at) return false
    this.#reported = mark
    return true
  }
}
