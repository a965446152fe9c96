import type { RedisClient } from '../../src/index.ts'

/** What a schedule is played with: the Redis of three processes, the network between them, and time. */
export interface World {
  /** By `performance.now()`, in ms. */
  readonly now: number
  /** How long the logs wait for an answer of Redis, in ms. */
  readonly timeout: number
  /** The client of a process; called once for each. */
  client(process: string): Promise<RedisClient>
  pass(ms: number): Promise<void>
  /** Gives everybody the time to notice what has happened; it may end when `isDone`. */
  settle(ms: number, isDone: () => boolean): Promise<void>
  /** Cuts about half of the connections. */
  cut(): void
  /** Remembers what the master has, for {@link restore}. */
  backUp(): Promise<void>
  /** Ids continue after a time that is still to come. */
  setAhead(): Promise<void>

  // What follows loses data, unless it resolves with false: then it was not possible.

  /** The master dies, and a replica takes its place that may lag. */
  failOver(): Promise<boolean>
  /** A replica takes over while the master is still alive: some connections stay with the old one for a while. */
  splitBrain(): Promise<boolean>
  /** The master starts again with a backup. */
  restore(): Promise<boolean>
  flush(): Promise<boolean>
  deleteNewest(): Promise<boolean>
  /** Undoes all; called when the logs are closing. */
  close(): Promise<void>
}
