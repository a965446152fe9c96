import type { Cursor, LogEntry, LogFollower } from '@downstream/core'
import { eventually } from '../eventually.ts'

/** Records the calls of a log. */
export class RecordingFollower implements LogFollower {
  /** The names of the calls, in their order. */
  readonly calls: (keyof LogFollower)[] = []
  head: Cursor = ''
  backlog: readonly LogEntry[] = []
  /** The entries after the backlog, one after the other. */
  received: LogEntry[] = []
  readonly resets: { head: Cursor; reason: string }[] = []
  up: boolean | undefined
  /** The error of the last call of `state`. */
  error: unknown
  /** Settles as `follow` does. */
  done: Promise<void> = Promise.resolve()

  /** The backlog and what came after it. */
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

  /** Forgets what came before. */
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

  /** Waits until an entry was received, and with it all before it. */
  async reaches({ cursor }: LogEntry): Promise<void> {
    await eventually(`entry ${cursor}`, () => this.received.some((entry) => entry.cursor === cursor))
  }
}

/** An entry without what an engine keeps with it. */
export function plain({ cursor, channels, event, data }: LogEntry): LogEntry {
  return { cursor, channels, event, data }
}
