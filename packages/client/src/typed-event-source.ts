import type { ConnectError } from './connect-error.ts'

/** Event name -> type of its data. An event without a name is called `message`, as in `EventSource`. */
export type EventMap = { [event: string]: unknown }

/**
 * - `connecting`: a request is under way
 * - `open`: events arrive as they are sent
 * - `waiting`: for the next attempt
 * - `closed`: for good
 */
export type SourceState = 'connecting' | 'open' | 'waiting' | 'closed'

/** An event as a listener receives it. */
export interface ReceivedEvent<Name extends string = string, Data = unknown> {
  /** Its name; `message` if the server gave none. */
  readonly event: Name
  readonly data: Data
  /** The last id that the server had sent when it sent this event. `''`: none. */
  readonly id: string
}

/** What {@link connect} returns. */
export interface TypedEventSource<Events = EventMap> extends AsyncIterable<AnyEvent<Events>> {
  /** The id of the newest event that was received, or `after`: the connection continues after it. */
  readonly lastEventId: string
  /**
   * Calls `listener` for each event of that name. What it throws is reported (`reportError`) and stops nothing else.
   *
   * @returns takes the listener off
   */
  on<Name extends keyof Events & string>(
    name: Name,
    listener: (data: Events[Name], event: ReceivedEvent<Name, Events[Name]>) => void,
  ): () => void
  /**
   * Calls `listener` with the state, now and whenever it changes. `error` says why it is waiting, or closed; a source that was closed
   * by `close()`, by its `signal`, by the event `until` or by a 204 has none.
   *
   * @returns takes the listener off
   */
  onState(listener: (state: SourceState, error?: ConnectError) => void): () => void
  /** Ends the connection for good. Loops over the source end; those of a source that closes with an error throw it. */
  close(): void
  /** All events, in order. Leaving the loop closes the source. */
  [Symbol.asyncIterator](): AsyncIterator<AnyEvent<Events>, undefined>
}

type AnyEvent<Events> = {
  [Name in keyof Events & string]: ReceivedEvent<Name, Events[Name]>
}[keyof Events & string]
