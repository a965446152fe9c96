/**
 * Names one entry of one log, and with it the place behind it. Opaque outside its engine: `[\w.-]`, 1 to 64 of them,
 * so that it can be an event's id. Cursors are compared for equality only.
 */
export type Cursor = string

/** What is published: the event's text is serialized already, so that every process has the same. */
export interface NewLogEntry {
  readonly channel: string
  readonly event?: string | undefined
  readonly data: string
}

/** What the log has. */
export interface LogEntry extends NewLogEntry {
  readonly cursor: Cursor
}

/**
 * What lies behind a cursor. `gap`: it cannot be proven that nothing is missing, because the entry it names is no
 * longer held (`expired`) or never was one of this log (`malformed`).
 */
export type LogReading =
  | { readonly gap: false; readonly entries: readonly LogEntry[] }
  | { readonly gap: true; readonly reason: 'expired' | 'malformed' }

/** Who follows a log. None of it throws. */
export interface LogFollower {
  /** First of all: the current end, and the newest entries up to it, oldest first. */
  start(head: Cursor, backlog: readonly LogEntry[]): void
  /** The next entries, each exactly once and in the log's order. */
  entries(batch: readonly LogEntry[]): void
  /** Continuity is lost: what lies between the last entry and `head` is not known. Entries go on behind `head`. */
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
   * The entries behind `after`, oldest first, at most `limit`; none when `after` is the end. MUST answer `gap` unless
   * the entry that `after` names, or the end it was when the log was empty, is known to be of this log and nothing
   * behind it was dropped. MUST NOT cost more than `limit` entries, whatever `after` is: it is the client's word.
   */
  read(after: Cursor, limit: number): Promise<LogReading>
  /**
   * MUST call `follower.start` once, with at most `backlog` entries, then `entries` for every later one, or `reset`
   * where it cannot; and `state` whenever the engine is found to be up or down, the first time included. Resolves when
   * the log is closed.
   */
  follow(follower: LogFollower, options: { backlog: number }): Promise<void>
  /** MUST end every `follow` and let go of all that the log has opened. */
  close(): Promise<void>
}
