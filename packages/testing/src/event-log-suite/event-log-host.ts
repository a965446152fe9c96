import type { EventLog } from '@downstream/core'

/** Abilities that some engines lack and that some cases of {@link eventLogSuite} need. */
export type EventLogAbility = 'connect' | 'clear' | 'cut' | 'scanned'

/** A log under test, and what the suite must be able to do to its engine. */
export interface EventLogHost {
  /** MUST be empty, and share nothing with the log of any other host. */
  readonly log: EventLog
  /** The capacity of the log. */
  readonly bounds: {
    /** At least this many of the newest entries are held. MUST be 200 or more; the suite appends a few times that. */
    readonly length: number
    /** How many more may be held, by an engine that drops several at a time. Default: 0. */
    readonly slack?: number
  }
  /** Returns another EventLog on the same entries, as another process would have it. */
  connect?(): EventLog | Promise<EventLog>
  /** MUST make the engine lose all entries, as a restart without persistence does; its logs are not notified. */
  clear?(): void | Promise<void>
  /** MUST make the engine unreachable for the log, as a broken network does, until the returned function is called. */
  cut?(): (() => void | Promise<void>) | Promise<() => void | Promise<void>>
  /** How many entries the engine has scanned or returned in all reads so far. */
  scanned?(): number
  /** Ends what was started for this host; its logs are already closed. */
  close?(): void | Promise<void>
}

/** Creates a log to test. Its own resources, such as a connection, MUST be open when it resolves. */
export type CreateEventLog = () => EventLogHost | Promise<EventLogHost>
