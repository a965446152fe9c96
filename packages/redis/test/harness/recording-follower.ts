import type { LogBounds, LogEntry, LogFollower } from '@downstream/core'
import type { RedisLog } from '../../src/index.ts'

/** Records what it receives. */
export class RecordingFollower implements LogFollower {
  head = ''
  readonly data: string[] = []
  readonly resets: string[] = []
  /** `up`, `down`, or the message of an error. */
  readonly states: string[] = []

  static of(log: RedisLog, backlog: LogBounds = { length: 1_000, bytes: 1_000_000 }): RecordingFollower {
    const follower = new RecordingFollower()
    void log.follow(follower, { backlog })
    return follower
  }

  start(head: string, backlog: readonly LogEntry[]): void {
    this.head = head
    this.entries(backlog)
  }

  entries(batch: readonly LogEntry[]): void {
    for (const { data } of batch) this.data.push(data)
  }

  reset(head: string, reason: string): void {
    this.head = head
    this.resets.push(reason)
  }

  state(up: boolean, error?: unknown): void {
    this.states.push(up ? 'up' : 'down')
    if (error !== undefined) this.states.push(String(error))
  }
}
