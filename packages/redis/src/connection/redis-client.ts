/** An ioredis or iovalkey client or cluster. Described by its shape, so that no version is prescribed. */
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

/** The client whose server holds the log. Only duplicates of it are used. */
export type RedisClient = IoredisClient | NodeRedisClient

/** One connection of our own. Commands are executed in the order in which they are sent. */
export interface RedisConnection {
  /** Rejects if the connection cannot be opened. */
  readonly opened: Promise<unknown>
  /**
   * Rejects with the server's error, or when the connection is lost: then it is unknown whether the command was
   * executed.
   */
  send(args: string[]): Promise<unknown>
  /**
   * Calls `listener` with what is published on `channel` after the promise has resolved. From then on this connection
   * accepts no other commands.
   */
  subscribe(channel: string, listener: (text: string) => void): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  /** Closes the connection at once and drops all pending commands. */
  close(): void
}

/** Options of a {@link RedisConnection}. */
export interface ConnectOptions {
  /** How many ms connecting may take. */
  readonly timeout: number
  /** Called when the connection is lost, or about to be. */
  onLost(error?: unknown): void
}
