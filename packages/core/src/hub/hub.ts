import type { EventLog, LogBounds } from '../log/event-log.ts'
import type { EventStream } from '../stream/event-stream.ts'
import type { CloseOptions } from '../stream/shutdown.ts'
import type { Serialize } from '../wire/encode.ts'
import type { EventOfAll, HubEvent } from './channel-map.ts'
import type { ControlEventNames } from './control-event.ts'

/** An event as `filter` and `coalesce` receive it. */
export interface PublishedEvent<Channel extends string = string, Name extends string = string> {
  readonly channel: Channel
  readonly event?: Name | undefined
  /** The text that is sent. A filter that needs the value parses it. */
  readonly data: string
}

/** The events of one or several channels. A filter that looks at `channel` knows the names that `event` can have. */
export type PublishedOn<Channels, Channel extends keyof Channels & string> = {
  [One in Channel]: PublishedEvent<One, keyof Channels[One] & string>
}[Channel]

/** Options of a {@link Hub}, all of them optional. */
export interface HubOptions {
  /** Where events are stored. Default: a `MemoryLog`. */
  log?: EventLog | undefined
  /**
   * How much of the log's end is kept in memory, once for all streams. Default: 10 000 entries, 16 MiB of their text.
   */
  tail?: Partial<LogBounds> | undefined
  /** Converts data that is not a string to text. Default: `JSON.stringify`. */
  serialize?: Serialize | undefined
  /**
   * A `gap` tells its client to wait a random time up to this many ms before it fetches the current state: after a
   * restart all clients receive a gap at once. Default: 1 000.
   */
  gapDelay?: number | undefined
  /**
   * How many entries are read from the log for one client that resumes. A client that missed more receives a `too-far`
   * gap. Default: 100 000.
   */
  maxResume?: number | undefined
  /** The maximum number of channels of one subscription. Default: 10 000. */
  maxChannels?: number | undefined
  /** The maximum length of a channel's name, in UTF-16 units. Default: 1 024. */
  maxChannelLength?: number | undefined
  /** The maximum size of an event's data, in bytes of UTF-8. Default: 16 MiB (16 777 216), as much as the tail. */
  maxEventBytes?: number | undefined
  /**
   * How many reconnecting clients may read the log at once. Further ones are refused (`ERR_SSE_REFUSED`) with a `retry` of
   * 5 to 15 s; they reconnect with the same last event ID, so they miss nothing. Default: 10 000.
   */
  maxResumes?: number | undefined
  /** How many ms a state that was read for a snapshot is reused, for all clients. Default: 1 000. */
  snapshotMaxAge?: number | undefined
  /** How many ms a `snapshot` function may take. After that its clients receive a gap. Default: 10 000. */
  snapshotTimeout?: number | undefined
  /**
   * Other names for the events that the hub itself sends. Default: `gap`, `bookmark` and `snapshot`. With `bookmark:
   * false`, a client that received nothing for a long time gets a gap when it reconnects, although it missed nothing.
   */
  controlEvents?: Partial<ControlEventNames> | undefined
  /**
   * Called when a filter throws, when the log cannot be reached, and for the first of several publishes in a row that
   * the log did not store. If the callback throws, that becomes a process warning. Default: a process warning.
   */
  onError?: ((error: unknown) => void) | undefined
  /**
   * Called when the log is first found to be up or down, and when that changes. While it is down, streams stay open and
   * publishing fails. Default: nothing.
   */
  onLogState?: ((state: 'up' | 'down', error?: unknown) => void) | undefined
}

/** Options of one subscription. */
export interface SubscribeOptions<Event extends PublishedEvent = PublishedEvent> {
  /**
   * Only events for which this returns true. It is called in the AsyncLocalStorage context of `subscribe()`. If it
   * throws or returns anything but a boolean (a promise, for example), this stream ends with `ERR_SSE_SOURCE_FAILED`.
   * Default: all events.
   */
  filter?: ((event: Event) => boolean) | undefined
  /**
   * The cursor to start after when the client sends no `Last-Event-ID`: a `hub.cursor()` that was rendered into a page.
   * Default: the end of the log. `''`, which `cursor()` returns before the hub is ready, is not a position: the client
   * receives a `gap`, or the snapshot.
   */
  after?: string | undefined
  /**
   * While the client reads too slowly, keeps only the newest event of each key for it. Undefined: the event is always
   * sent. Use it for events that replace one another, like prices: an event that is left out is never sent, not even
   * when the client resumes. The newest event takes the position and the id of the first one that it replaces, so a
   * client that reconnects there may receive later events of the key again. Default: all events are sent.
   */
  coalesce?: ((event: Event) => string | undefined) | undefined
  /**
   * Reads the state of a channel. A client without a last id, and one that would receive a gap, receives one `snapshot`
   * event instead: an object with the state of each channel. Events that change these states follow; the states may
   * already contain the first of them. So an event must say what something is now, and not by how much it changed. A
   * channel whose state is undefined is left out.
   *
   * Streams with the same function share its results for `snapshotMaxAge`, so it must not depend on the client; a
   * function that is created per request is called per request. `filter` is not applied. If it throws or takes too
   * long, the client receives the gap. Default: none.
   */
  snapshot?: ((channel: Event['channel']) => unknown) | undefined
  /** Identifies whose stream it is, for {@link Hub.disconnect}: a user id, for example. Default: none. */
  key?: string | undefined
}

/** Options of {@link Hub.ready}. */
export interface ReadyOptions {
  /** Stops waiting when it aborts: the promise rejects with its reason. Default: none. */
  signal?: AbortSignal
}

/** Options of {@link Hub.events}. */
export interface EventsOptions<Event extends PublishedEvent = PublishedEvent> {
  /**
   * Only events for which this returns true. If it throws or returns anything but a boolean, the loop ends with an
   * error. Default: all events.
   */
  filter?: ((event: Event) => boolean) | undefined
  /** An id of an earlier event, or a `hub.cursor()`: starts with the events after it. Default: from now on. */
  after?: string | undefined
  /** Ends the loop when it aborts. Default: none. */
  signal?: AbortSignal | undefined
}

/** An event of {@link Hub.events}. */
export interface HubItem<Channel extends string = string> {
  /** Pass it as `after` to continue after this event. */
  readonly id: string
  /** The first of the event's channels that you asked for; `''` for a gap. */
  readonly channel: Channel | ''
  /** Its name: `message` if it has none, `gap` if events before it may be missing. */
  readonly event: string
  /** The text that was published. For a gap: a {@link Gap} as JSON. */
  readonly data: string
}

/** The state of a hub in numbers. */
export interface HubStats {
  /** Subscribed streams. */
  streams: number
  /** Channels with a subscriber. */
  channels: number
  /** The part of the log that is kept in memory. `age`: how many ms ago this process received the oldest entry. */
  tail: { length: number; bytes: number; age: number }
  /** Streams that are not up to date, because their client reads too slowly or because they still read from the log. */
  lagging: number
  /** Events that came through the log since the hub was created. */
  published: number
  /** Events handed to streams, in total. */
  delivered: number
  /** Gaps sent to streams, in total. */
  gaps: number
  /** Streams that were closed because their client read too little (`ERR_SSE_SLOW_CLIENT`), in total. */
  stalled: number
  /** Publishes that the log did not confirm, in total. It may have stored some of them. */
  rejected: number
  /** Reads of the log for streams whose position is not in the tail, in total. Bytes of channels, names and data. */
  catchUp: { reads: number; bytes: number }
  /**
   * The longest time in ms that an unread entry of the log may have waited for this process; 0 if it has read all. It
   * grows while the log cannot be reached, and while more is published than this process can read.
   */
  behind: number
  /** Whether the log can be reached. */
  log: 'up' | 'down'
}

/** A channel of {@link Hub.channels}. */
export interface HubChannel<Channel extends string = string> {
  readonly name: Channel
  /** Streams that follow it. */
  readonly streams: number
}

/**
 * Many streams and one log. A published event reaches every stream of its channel exactly once, and all streams in the
 * same order.
 *
 * `Hub` without a type argument is a hub with any channels: a parameter of that type accepts every hub.
 */
// biome-ignore lint/suspicious/noExplicitAny: only a hub of `any` takes hubs whose channels are interfaces
export interface Hub<Channels = any> {
  /**
   * Publishes an event. Resolves with its id once the log has stored it. A rejection is ambiguous: the event may have
   * been stored. You need not await it: a rejection that you do not handle is no unhandled rejection. If you do await
   * it, you never publish faster than streams are served: it resolves only when the tail can take the next event
   * without dropping one that was not offered to all of them.
   *
   * @throws SseError synchronously, for a channel or an event that cannot be sent; rejects with ERR_SSE_HUB_CLOSED or
   *   the log's error
   */
  publish<Channel extends keyof Channels & string>(
    channel: Channel,
    event: HubEvent<Channels[Channel]>,
  ): Promise<string>
  /**
   * Publishes one event on up to 10 000 channels. It is stored once, and a stream that follows several of them receives
   * it once. Its type must fit all of these channels.
   */
  publish<Channel extends keyof Channels & string>(
    channels: readonly Channel[],
    event: EventOfAll<Channels, Channel>,
  ): Promise<string>

  /**
   * Sends the events of `channels` to `stream`: from its `Last-Event-ID` on, otherwise from `after` on, otherwise from
   * now on. A stream subscribes only once and to one hub, because its ids are those of the hub.
   *
   * @returns a function that ends the subscription; the stream stays open
   * @throws SseError ERR_SSE_ALREADY_SUBSCRIBED, ERR_SSE_INVALID_CHANNEL, ERR_SSE_INVALID_OPTION
   */
  subscribe<Channel extends keyof Channels & string>(
    stream: EventStream,
    channels: Channel | readonly Channel[],
    options?: SubscribeOptions<PublishedOn<Channels, Channel>>,
  ): () => void

  /**
   * The current position. If you render it into a page and pass it as `after`, the page misses nothing. Take it before
   * you read the page's data, and write to the database before you publish: then each event is in the data, in the
   * stream, or in both. `''` before {@link ready}.
   */
  cursor(): string

  /** The state of the hub in numbers. It takes time in proportion to the number of streams. */
  stats(): HubStats

  /** The channels that streams of this process follow. */
  channels(): IterableIterator<HubChannel<keyof Channels & string>>

  /** How many streams of this process follow a channel. */
  count(channel: keyof Channels & string): number

  /** The keys of the streams of this process, without duplicates. */
  keys(): IterableIterator<string>

  /**
   * Resolves when the log is followed, which is at once for a MemoryLog. Rejects at once while the log refuses access:
   * a wrong password or a missing permission (ERR_SSE_LOG_REFUSED) needs your action. If the log cannot be reached, it
   * waits until `signal` aborts: `ready({ signal: AbortSignal.timeout(10_000) })`. In both cases the hub keeps trying.
   *
   * @throws SseError ERR_SSE_INVALID_OPTION synchronously; rejects with ERR_SSE_LOG_REFUSED, ERR_SSE_HUB_CLOSED, or the
   *   signal's reason
   */
  ready(options?: ReadyOptions): Promise<void>

  /**
   * The events of `channels` for code of this process, from `after` on, otherwise from now on: for GraphQL
   * subscriptions, tRPC, background jobs and tests. A gap is an item with the event `gap`. A slow consumer holds a
   * cursor into the log, and no events. The loop ends on `break`, when `signal` aborts and when the hub is closed.
   *
   * @throws SseError ERR_SSE_INVALID_CHANNEL, ERR_SSE_INVALID_OPTION
   */
  events<Channel extends keyof Channels & string>(
    channels: Channel | readonly Channel[],
    options?: EventsOptions<PublishedOn<Channels, Channel>>,
  ): AsyncIterableIterator<HubItem<Channel>>

  /**
   * Closes the streams with this key in all processes that share the log, after a logout or a lost permission, for
   * example. The request goes through the log like an event. So an event that was published before it is delivered
   * first, and streams that another process opens before it has read the request are closed too. Browsers reconnect, so
   * refuse their next request. While the log cannot be reached, the streams of this process are closed at once, and the
   * request is repeated until the log has stored it.
   *
   * @returns resolves when the log has stored the request; rejects if the hub is closed before that
   * @throws SseError ERR_SSE_INVALID_OPTION synchronously, for a key that is not a string
   */
  disconnect(key: string): Promise<void>
  /**
   * Closes the streams of this process that `which` selects, after they were sent all events that have come through the
   * log by then.
   *
   * @returns how many were closed
   * @throws SseError ERR_SSE_INVALID_OPTION, if `which` returns anything but a boolean
   */
  disconnect(which: (stream: EventStream, key: string | undefined) => boolean): number

  /**
   * Ends all streams and tells each client when to reconnect: see {@link CloseOptions}. Streams that subscribe after
   * that end the same way. Until the last stream has ended, you can publish and events are delivered. Then the hub
   * closes the log. Resolves when all responses are finished.
   *
   * @throws SseError synchronously, ERR_SSE_INVALID_OPTION
   */
  close(options?: CloseOptions): Promise<void>
}
