import type { ConnectError } from './connect-error.ts'

/** Event name -> type of its data. An event without a name is called `message`, as in `EventSource`. */
export type EventMap = { [event: string]: unknown }

/**
 * - `connecting`: a request is in flight
 * - `open`: events arrive as they are sent
 * - `waiting`: the next attempt is scheduled
 * - `closed`: permanently
 */
export type SourceState = 'connecting' | 'open' | 'waiting' | 'closed'

/** An event as a listener receives it. */
export interface ReceivedEvent<Name extends string = string, Data = unknown> {
  /** Its name; `message` if the server sent none. */
  readonly event: Name
  readonly data: Data
  /** The last id that the server sent with or before this event. `''`: none. */
  readonly id: string
}

/** The source that {@link connect} returns. */
export interface TypedEventSource<Events = EventMap> extends AsyncIterable<AnyEvent<Events>> {
  /** The id of the newest received event, or `after`: the connection continues after it. */
  readonly lastEventId: string
  /**
   * Calls `listener` for each event with that name. If the listener throws, the error is reported (`reportError`) and
   * everything else continues.
   *
   * @returns a function that removes the listener
   */
  on<Name extends keyof Events & string>(
    name: Name,
    listener: (data: Events[Name], event: ReceivedEvent<Name, Events[Name]>) => void,
  ): () => void
  /**
   * Calls `listener` with the state, now and whenever it changes. `error` is the reason why the source is waiting or
   * closed. It is undefined if the source was closed by `close()`, its `signal`, the `until` event or a 204.
   *
   * @returns a function that removes the listener
   */
  onState(listener: (state: SourceState, error?: ConnectError) => void): () => void
  /**
   * Closes the connection permanently. Loops over the source end; if the source closed with an error, they throw it.
   */
  close(): void
  /** All events, in order. A `break` closes the source. */
  [Symbol.asyncIterator](): AsyncIterator<AnyEvent<Events>, undefined>
}

type AnyEvent<Events> = {
  [Name in keyof Events & string]: ReceivedEvent<Name, Events[Name]>
}[keyof Events & string]
