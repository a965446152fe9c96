/**
 * An ioredis or iovalkey client, or a cluster of one: taken by its shape, so that no version is prescribed.
 */
export interface IoredisClient {
  call(command: string, args: string[]): Promise<unknown>
  duplicate(...args: never[]): unknown
  disconnect(): void
}

/** A client of the `redis` package (node-redis), or a cluster of one. */
export interface NodeRedisClient {
  sendCommand(...args: never[]): Promise<unknown>
  duplicate(...args: never[]): unknown
  destroy(): void
}

/** The client whose server the log is on. It is never used itself, only for duplicates of it. */
export type RedisClient = IoredisClient | NodeRedisClient

/** One connection of our own. Commands are executed in the order in which they are sent. */
export interface RedisConnection {
  /** Rejects when it cannot be opened. */
  readonly opened: Promise<unknown>
  /** Rejects with the server's error, or when the connection is lost: then nobody knows whether it was executed. */
  send(args: string[]): Promise<unknown>
  /**
   * Calls `listener` with what is published on `channel` once it has resolved. After it no commands can be sent on this
   * connection.
   */
  subscribe(channel: string, listener: (text: string) => void): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  /** Drops it at once, and all that waits for an answer. */
  close(): void
}

/** What {@link RedisConnection}s are made with. */
export interface ConnectOptions {
  /** How many ms connecting may take. */
  readonly timeout: number
  /** Called when the connection is lost, or is about to be. */
  onLost(error?: unknown): void
}
