/**
 * Identifies one entry of one log, and the position after it. Opaque outside its log: 1 to 64 characters of `[\w.-]`,
 * so that it can be an event's id. Cursors are only compared for equality.
 */
export type Cursor = string

/** Two limits; the one that is reached first applies. */
export interface LogBounds {
  /** Entries. */
  length: number
  /** Bytes of their text in UTF-8: data, event name and channel names. */
  bytes: number
}

/** An event as it is published. Its data is serialized already, so every process has the same text. */
export interface NewLogEntry {
  /**
   * The channels that it is published on, without duplicates, at most 10 000. An entry without channels is a message
   * from a hub to the hubs of all processes: a log stores it like any other entry, and no stream receives it.
   */
  readonly channels: readonly string[]
  readonly event?: string | undefined
  readonly data: string
}

/** An entry of the log. */
export interface LogEntry extends NewLogEntry {
  readonly cursor: Cursor
}

/**
 * The entries after a cursor. `gap`: it cannot be proven that nothing is missing.
 * - `expired`: the log no longer holds the entry that the cursor names
 * - `malformed`: it cannot be a cursor of this log
 * - `log-changed`: the log lost entries after it, in a failover for example
 */
export type LogReading =
  | { readonly gap: false; readonly entries: readonly LogEntry[] }
  | { readonly gap: true; readonly reason: 'expired' | 'malformed' | 'log-changed' }

/** A follower of a log. None of these methods throws. */
export interface LogFollower {
  /** Called first, with the current end and the newest entries up to it, oldest first. */
  start(head: Cursor, backlog: readonly LogEntry[]): void
  /** The next entries, each exactly once and in the log's order. */
  entries(batch: readonly LogEntry[]): void
  /** Continuity is lost: entries between the last one and `head` are unknown. Later entries follow `head`. */
  reset(head: Cursor, reason: 'trimmed' | 'log-changed'): void
  /** Whether the log can be reached. */
  state(up: boolean, error?: unknown): void
}

/**
 * A bounded log of events in one total order. `MemoryLog` keeps it in this process; other implementations share it
 * between processes. `eventLogSuite` of the testing package checks whether an implementation fulfills the contract.
 */
export interface EventLog {
  /**
   * MUST resolve only when the entry has its position in the order, with a cursor that no other entry of this log has
   * or will have. A rejection is ambiguous: the entry may have been stored. Entries appended by one caller in one order
   * MUST keep it. MUST NOT change the entry.
   */
  append(entry: NewLogEntry): Promise<Cursor>
  /**
   * Resolves with the entries after `after`, oldest first: at most `bounds.length` of them and, beyond the first entry,
   * at most `bounds.bytes`. They may be fewer; MUST be at least one unless `after` is the end. MUST answer `gap` unless
   * `after` is known to be of this log, as one of its entries or as its end while it was empty, and nothing after it
   * was dropped. `after` is sent by a client: a cursor that is not held MUST cost no more than looking for its entry,
   * and a held one no more than `bounds`.
   *
   * @param signal - the caller no longer needs the answer. A read that waits MUST then be dropped, and reject with the
   *   signal's reason; a read that is in flight SHOULD be
   */
  read(after: Cursor, bounds: LogBounds, signal?: AbortSignal): Promise<LogReading>
  /**
   * MUST call `follower.start` once, with at most `backlog` of the newest entries, then `entries` for every later one,
   * or `reset` where it cannot; and `state` whenever the log is found to be up or down, including the first time. If a
   * follower throws, it and the others MUST still receive the later entries. Resolves when the log is closed.
   */
  follow(follower: LogFollower, options: { backlog: LogBounds }): Promise<void>
  /**
   * The longest time in ms that an entry may have waited for a follower; 0 if all followers have received all entries.
   * Optional: a log that delivers every entry at once has no such delay.
   */
  behind?(): number
  /** MUST end every `follow` and release all that the log has opened. */
  close(): Promise<void>
}
