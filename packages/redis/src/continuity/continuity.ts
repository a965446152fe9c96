import type { Cursor, LogEntry } from '@downstream/core'
import { isBefore, type Position } from '../stream/cursor.ts'
import type { Mark, Row } from '../stream/row.ts'
import type { Backlog } from './backlog.ts'
import { type Confirmation, Confirmed, type Delivered, type Overdue } from './confirmed.ts'
import { Recent } from './recent.ts'

/*
 * What is known, what that proves, and which clients get a gap. The "position" of a follower is the entry that it has
 * read last.
 *
 * | known                                             | from                     | what it proves                            |
 * |---------------------------------------------------|--------------------------|-------------------------------------------|
 * | to a follower: its position, which is the entry   | XREAD                    | still stored after a read: nothing is     |
 * | that it read last                                 |                          | missing before what was read              |
 * | to a follower: the newest entries that it read    | XREAD                    | one of them is the oldest in the stream,  |
 * |                                                   |                          | its position is not: the end was lost     |
 * | to a publisher: the entries confirmed to it       | XADD                     | not among all rows of a later read: lost  |
 * | to a follower: the replication id of its server   | INFO                     | unchanged: each new entry id is greater   |
 * |                                                   |                          | than all earlier ones                     |
 * | to every reader: a fork mark (`at`, `lost`)       | XREAD, XRANGE            | entries that were delivered up to `lost`  |
 * |                                                   |                          | are missing somewhere before it           |
 * | to a client: its cursor                           | its last event           | still stored: the client has received all |
 * |                                                   |                          | before it, unless a later fork mark says  |
 * |                                                   |                          | otherwise                                 |
 *
 * | what is noticed                                   | what is done             | which clients get a gap                   |
 * |---------------------------------------------------|--------------------------|-------------------------------------------|
 * | the position is missing, the history is full, and | continue at the end      | the clients of this process (`trimmed`)   |
 * | all that is stored is newer                       |                          |                                           |
 * | the position is missing and nothing is stored, or | continue at the end      | the clients of this process; other        |
 * | all that is stored is newer: by one replication   |                          | processes find the same, and no earlier   |
 * | id, or after a genesis mark (FLUSHALL, empty      |                          | cursor is stored                          |
 * | restart)                                          |                          |                                           |
 * | the position is missing, older entries are stored | fork mark, continue      | the clients of this process at once;      |
 * | (failover, restored backup, newest deleted)       | after it                 | others when their process reads the mark  |
 * | a confirmed entry is missing (failover, or two    | fork mark; the publisher | all clients when their process reads the  |
 * | masters)                                          | must reach the same      | mark                                      |
 * |                                                   | server, or its           |                                           |
 * |                                                   | connection is given up   |                                           |
 * | a confirmed entry is missing together with the    | nothing                  | none: each process sends a gap, and the   |
 * | stream that contained it                          |                          | state that clients load then includes it  |
 * | a fork mark                                       | nothing                  | the clients of this process               |
 * | a fork mark whose `lost` is before the `at` of    | nothing                  | none: the state that clients loaded after |
 * | the last one with a gap, by one server's clock    |                          | that gap includes it. So a failover that  |
 * |                                                   |                          | ten processes notice is one gap, not ten  |
 * | a client's cursor before a fork mark              | `read` ends at the mark  | that client                               |
 * | a client's cursor that is not stored              | nothing                  | that client                               |
 *
 * Invariants
 * 1. A mark is appended at the end, without a required id, so it does not matter what others publish meanwhile.
 * 2. A process calls `reset` for a loss only when its mark is in the stream. Otherwise a client that reconnects meanwhile
 *    with an older cursor would read across the loss.
 * 3. `at` is read from the clock of Redis before the mark is added; `lost` is rounded up. When the two are compared, any
 *    doubt results in one gap too many. So that a FLUSHALL under load causes no doubt, `lost` is the time of an id if
 *    the same server assigned it, and `at` is read only when the ms of the loss has passed.
 * 4. A mark counts as handled only once followers got a gap for it.
 * 5. A missing confirmed entry does not show which server confirmed it. Two replication ids do, or a row that one
 *    connection finds and the other does not.
 *
 * What no process can notice: a loss after which all processes that had the entry have ended, as when Redis is restored
 * from a snapshot together with the app; a loss that is known only to a process that was cut off for longer than the
 * history; and entries in the middle that are deleted by hand.
 */

/** How many of the newest entries a follower recognizes. */
const SEEN = 4_096

/** One report to a follower. */
export type Step = { readonly entries: LogEntry[] } | { readonly reset: Row }

/**
 * Why the position is missing:
 * - `trimmed`: more entries were added than the history holds
 * - `emptied`: all entries were deleted or lost
 * - `fork`: the newest entries were lost, older ones are stored
 */
export type Break = 'trimmed' | 'emptied' | 'fork'

/** The findings in the stream when the position is missing. */
export interface Evidence {
  /** The oldest row. */
  readonly oldest: Row | undefined
  /** When the newest entry that may be lost was published, by the clock of Redis. */
  readonly lost: number
  /** Confirmed entries that are not stored. */
  readonly missing: readonly Confirmation[]
  /** Whether the stream is so long, or the position so old, that entries are dropped for that reason. */
  readonly trims: boolean
  /** Replication id of the server; '' if unknown. */
  readonly server: string
}

/** When followers got a gap, and by which server's clock. */
type Reported = Pick<Mark, 'at' | 'server'>

/** Where and when a follower continues after a loss. */
export interface Reset extends Reported {
  readonly head: Row
  /** When the clock of Redis was read, by the clock of this process. */
  readonly asked: number
}

/** The knowledge of one follower about the stream, and the conclusions from it. It does no I/O. */
export class Continuity {
  readonly #seen = new Recent<string>(SEEN)
  readonly #repeated: Recent<Cursor>
  readonly #confirmed = new Confirmed()
  #position: Row | undefined
  /** When the position was last set to the end, regardless of what came before. */
  #since = 0
  /** When an entry was last delivered to followers. */
  #passed = 0
  /** Followers got a gap that covers all entries up to this time of that server's clock. */
  #reported: Reported = { at: 0, server: '' }
  /** The stream of that server was emptied before this time, by the clock of this process. */
  #emptied: Pick<Reset, 'server' | 'asked'> | undefined
  /** Replication id of the server that last held the position. */
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

  /** When an entry was last delivered to followers, and the server that had it. */
  get delivered(): Omit<Delivered, 'position'> {
    return { at: this.#passed, server: this.#server }
  }

  /** The newest of the confirmed entries that were not read yet, one for each session of the publisher. */
  newestConfirmed(): Confirmation[] {
    return this.#confirmed.newest()
  }

  /** Starts at the end of what `server` holds; returns the entries to deliver. */
  start({ rows, head, mark }: Backlog, server: string): LogEntry[] {
    this.#server = server
    const entries = rows.flatMap((row) => this.#entryOf(row) ?? [])
    if (mark?.mark !== undefined) this.#reported = mark.mark
    this.#moveTo(head)
    return entries
  }

  /** Records an entry that Redis has confirmed to this process. The follower must read it at some time. */
  confirm(confirmation: Confirmation): void {
    if (this.#seen.has(confirmation.position.nonce) || this.#wasEmptied(confirmation)) return
    this.#confirmed.add(confirmation)
  }

  /** Takes rows that `server` returned after the position. It is proven that nothing is missing before them. */
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

  /**
   * All rows that were in the stream at `time` have been read: returns the confirmed entries that are not among them.
   */
  overdue(time: number): Overdue {
    return this.#confirmed.overdue(time, this.#since)
  }

  /** Forgets an entry that is stored before the position where this follower started. */
  settle({ nonce }: Position): void {
    this.#confirmed.delete(nonce)
  }

  /** Forgets the entries that were confirmed up to `time`, because a mark now covers them. */
  settleUntil(time: number): void {
    this.#confirmed.forget(({ at }) => at <= time)
  }

  /** Decides why the position is missing. */
  judge({ oldest, lost, missing, trims, server }: Evidence): Break {
    if (oldest === undefined) return 'emptied'
    // The log was still empty at a time after `lost`, so all that is stored is newer than all that may be lost. Compare
    // only times of one server, because clocks differ.
    const { mark } = oldest
    if (mark?.kind === 'genesis' && mark.server === server && mark.at >= lost) return 'emptied'
    const isOneServer = server !== '' && server === this.#server
    if (!(trims || isOneServer) || this.#seen.has(oldest.nonce)) return 'fork'
    const positions = [this.#position, ...missing.map(({ position }) => position)]
    const isNewer = positions.every((position) => position === undefined || isBefore(position.id, oldest.id))
    if (!isNewer) return 'fork'
    return trims ? 'trimmed' : 'emptied'
  }

  /** Continues after `head`, after a loss of entries that were delivered to clients up to `deliveredAt`. */
  moveTo({ head, at, server, asked }: Reset, why: Break, deliveredAt: number): void {
    this.#moveTo(head)
    this.#server = server
    this.#reported = { at, server }
    this.#confirmed.delete(head.nonce)
    if (why === 'trimmed') this.#confirmed.clear()
    else this.settleUntil(deliveredAt)
    if (why !== 'emptied' || server === '') return
    // Each process notices this by itself and sends its clients a gap, so the entries that were confirmed before need
    // no mark.
    this.#emptied = { server, asked }
    this.#confirmed.forget((one) => this.#wasEmptied(one))
  }

  #moveTo(head: Row): void {
    this.#position = head
    this.#since = performance.now()
    this.#passed = this.#since
    this.#seen.add(head.nonce)
  }

  /**
   * Whether the entry was in the stream when it was emptied, or comes before the position where the follower continued.
   */
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
  #startsGap({ mark }: Row): boolean {
    if (mark?.kind !== 'fork') return false
    if (mark.server === this.#reported.server && mark.lost <= this.#reported.at) return false
    this.#reported = mark
    return true
  }
}
