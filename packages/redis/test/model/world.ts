import type { RedisClient } from '../../src/index.ts'

/** The environment of a schedule: the Redis of several processes, the network between them, and time. */
export interface World {
  /** By `performance.now()`, in ms. */
  readonly now: number
  /** How long the logs wait for a reply of Redis, in ms. */
  readonly timeout: number
  /** The client of a process; called once per process. */
  client(process: string): Promise<RedisClient>
  pass(ms: number): Promise<void>
  /** Waits until every process has had time to notice what has happened; may end early when `isDone`. */
  settle(ms: number, isDone: () => boolean): Promise<void>
  /** Cuts about half of the connections. */
  cut(): void
  /** Stores the data of the master, for {@link restore}. */
  backUp(): Promise<void>
  /** Ids continue after a time in the future. */
  setAhead(): Promise<void>

  // The following methods lose data, unless they resolve with false: then it was not possible.

  /** The master dies, and a replica that may lag replaces it. */
  failOver(): Promise<boolean>
  /** A replica takes over while the master is still alive: some connections stay with the old one for a while. */
  splitBrain(): Promise<boolean>
  /** The master starts again with a backup. */
  restore(): Promise<boolean>
  flush(): Promise<boolean>
  deleteNewest(): Promise<boolean>
  /** Undoes everything; called when the logs are closing. */
  close(): Promise<void>
}
