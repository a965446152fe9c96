/**
 * Names one entry of one log, and the position after it. Opaque outside its engine: `[\w.-]`, 1 to 64 of them,
 * so that it can be an event's id. Cursors are compared for equality only.
 */
export type Cursor = string

/** How much: whichever bound is reached first counts. */
export interface LogBounds {
  /** Entries. */
  length: number
  /** Bytes of their text in UTF-8: data, event name and channel names. */
  bytes: number
}

/** What is published: the event's text is serialized already, so that every process has the same. */
export interface NewLogEntry {
  /**
   * The channels that it is published on, each once; at most 10 000. An entry without channels is the hub's own
   * message to all processes: a log stores it like any other entry, and no stream receives it.
   */
  readonly channels: readonly string[]
  readonly event?: string | undefined
  readonly data: string
}

/** What the log has. */
export interface LogEntry extends NewLogEntry {
  readonly cursor: Cursor
}

/**
 * What follows a cursor. `gap`: it cannot be proven that nothing is missing.
 * - `expired`: the entry that it names is no longer held
 * - `malformed`: it never was a cursor of this log
 * - `log-changed`: the log has lost entries after it, in a failover for example
 */
export type LogReading =
  | { readonly gap: false; readonly entries: readonly LogEntry[] }
  | { readonly gap: true; readonly reason: 'expired' | 'malformed' | 'log-changed' }

/** A follower of a log. None of these methods throws. */
export interface LogFollower {
  /** First of all: the current end, and the newest entries up to it, oldest first. */
  start(head: Cursor, backlog: readonly LogEntry[]): void
  /** The next entries, each exactly once and in the log's order. */
  entries(batch: readonly LogEntry[]): void
  /** Continuity is lost: what lies between the last entry and `head` is not known. Later entries follow `head`. */
  reset(head: Cursor, reason: 'trimmed' | 'log-changed'): void
  /** Whether the engine can be reached. */
  state(up: boolean, error?: unknown): void
}

/**
 * A bounded log of events in one total order. `MemoryLog` keeps it in this process; others share it between several.
 * `eventLogSuite` of the testing package says whether an implementation keeps the contract.
 */
export interface EventLog {
  /**
   * MUST resolve only when the entry has its place in the order, with a cursor that no other entry of this log has or
   * will have. A rejection is ambiguous: the entry may have been stored. Entries appended by one caller in one order
   * MUST keep it. MUST NOT change the entry.
   */
  append(entry: NewLogEntry): Promise<Cursor>
  /**
   * Resolves with the entries after `after`, oldest first: at most `bounds.length` of them and, beyond the first
   * entry, at most `bounds.bytes`. They may be fewer; MUST be at least one unless `after` is the end. MUST answer
   * `gap` unless the entry that `after` names, or the end it was when the log was empty, is known to be of this log
   * and nothing after it was dropped. `after` is what a client sent: a cursor that is not held MUST cost no more than
   * looking for its entry, and a held one no more than `bounds`.
   *
   * @param signal - the caller no longer needs the answer. A read that waits MUST be dropped then, and reject with the
   * signal's reason; one that is under way SHOULD be
   */
  read(after: Cursor, bounds: LogBounds, signal?: AbortSignal): Promise<LogReading>
  /**
   * MUST call `follower.start` once, with at most `backlog` of the newest entries, then `entries` for every later one,
   * or `reset` where it cannot; and `state` whenever the engine is found to be up or down, the first time included. A
   * follower that throws MUST still receive the later entries, and so MUST the others. Resolves when the log is
   * closed.
   */
  follow(follower: LogFollower, options: { backlog: LogBounds }): Promise<void>
  /**
   * For how many ms, at most, the engine has had entries that the followers were not told; 0 when they have been told
   * all. Need not be there: a log whose followers are told at once is never behind.
   */
  behind?(): number
  /** MUST end every `follow` and let go of all that the log has opened. */
  close(): Promise<void>
}
