import type { Cursor, LogEntry, LogFollower } from '@downstream/core'
import { eventually } from '../eventually.ts'

/** Records what a log reports. */
export class RecordingFollower implements LogFollower {
  /** The names of the calls, in order. */
  readonly calls: (keyof LogFollower)[] = []
  head: Cursor = ''
  backlog: readonly LogEntry[] = []
  /** The entries after the backlog, in order. */
  received: LogEntry[] = []
  readonly resets: { head: Cursor; reason: string }[] = []
  up: boolean | undefined
  /** The error of the last state. */
  error: unknown
  /** Settles as `follow` does. */
  done: Promise<void> = Promise.resolve()

  /** The backlog and the entries after it. */
  get all(): readonly LogEntry[] {
    return [...this.backlog, ...this.received]
  }

  start(head: Cursor, backlog: readonly LogEntry[]): void {
    this.calls.push('start')
    this.head = head
    this.backlog = backlog.map(plain)
  }

  entries(batch: readonly LogEntry[]): void {
    this.calls.push('entries')
    this.received.push(...batch.map(plain))
  }

  /** Records a reset, and drops the entries before it. */
  reset(head: Cursor, reason: 'trimmed' | 'log-changed'): void {
    this.calls.push('reset')
    this.resets.push({ head, reason })
    this.received = []
  }

  state(up: boolean, error?: unknown): void {
    this.calls.push('state')
    this.up = up
    this.error = error
  }

  /** Waits until the log is followed. */
  async started(): Promise<void> {
    await eventually('start', () => this.calls.includes('start'))
  }

  /** Waits for an entry. All entries before it must have arrived too. */
  async reaches({ cursor }: LogEntry): Promise<void> {
    await eventually(`entry ${cursor}`, () => this.received.some((entry) => entry.cursor === cursor))
  }
}

/** An entry without additional properties of an engine. */
export function plain({ cursor, channels, event, data }: LogEntry): LogEntry {
  return { cursor, channels, event, data }
}
