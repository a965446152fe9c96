import type { EventLog, LogBounds } from '../log/event-log.ts'
import type { EventStream } from '../stream/event-stream.ts'
import type { CloseOptions } from '../stream/shutdown.ts'
import type { Serialize } from '../wire/encode.ts'
import type { EventOfAll, HubEvent } from './channel-map.ts'
import type { ControlEventNames } from './control-event.ts'

/** What a filter and a coalescing key look at. */
export interface PublishedEvent<Channel extends string = string, Name extends string = string> {
  readonly channel: Channel
  readonly event?: Name | undefined
  /** The text that is sent: parsing it is the filter's choice. */
  readonly data: string
}

/** The events of one or several channels. A filter that looks at `channel` knows the names that `event` can have. */
export type PublishedOn<Channels, Channel extends keyof Channels & string> = {
  [One in Channel]: PublishedEvent<One, keyof Channels[One] & string>
}[Channel]

/** How a {@link Hub} behaves; none is needed. */
export interface HubOptions {
  /** Where the events are kept. Default: a `MemoryLog`. */
  log?: EventLog | undefined
  /** How much of the log's end is held for all streams at once. Default: 10 000 entries, 16 MiB of their text. */
  tail?: Partial<LogBounds> | undefined
  /** Text of data that is not a string. Default: JSON. */
  serialize?: Serialize | undefined
  /**
   * A gap tells its client to wait up to this many ms, at random, before it fetches afresh: after a restart all of them
   * get one at the same time. Default: 1 000.
   */
  gapDelay?: number | undefined
  /** How many entries are read from the log for one client that resumes; beyond it: a gap `too-far`. Default: 100 000. */
  maxResume?: number | undefined
  /** How many channels one subscription may have. Default: 10 000. */
  maxChannels?: number | undefined
  /** How many UTF-16 units the name of a channel may have. Default: 1 024. */
  maxChannelLength?: number | undefined
  /** How many bytes of UTF-8 the data of an event may have. Default: 16 MiB (16 777 216), as much as the tail. */
  maxEventBytes?: number | undefined
  /**
   * How many reconnecting clients may read the log at once. Further ones are refused (`ERR_SSE_REFUSED`) with a `retry` of
   * 5 to 15 s; they reconnect with the same last event ID, so they miss nothing. Default: 10 000.
   */
  maxResumes?: number | undefined
  /** For how many ms a state that was read for a snapshot is used again, for all clients. Default: 1 000. */
  snapshotMaxAge?: number | undefined
  /** How many ms reading a state may take; after that its clients get a gap. Default: 10 000. */
  snapshotTimeout?: number | undefined
  /**
   * Other names for the events that the hub sends by itself. Default: `gap`, `bookmark` and `snapshot`. Without bookmarks (`false`)
   * a client that received nothing for long gets a gap when it reconnects, though it missed nothing.
   */
  controlEvents?: Partial<ControlEventNames> | undefined
  /**
   * Called when a filter throws, when the log cannot be reached, and for the first of several publishes in a row that
   * the log has not taken. What it throws itself is a process warning. Default: a process warning.
   */
  onError?: ((error: unknown) => void) | undefined
  /**
   * Called when the log's engine is found to be up or down, and when that changes. While it is down, streams stay open
   * and publishing fails. Default: nothing.
   */
  onLogState?: ((state: 'up' | 'down', error?: unknown) => void) | undefined
}

/** What one stream wants of its channels. */
export interface SubscribeOptions<Event extends PublishedEvent = PublishedEvent> {
  /**
   * Only events for which this returns true. It is called in the AsyncLocalStorage context of `subscribe()`. When it
   * throws or returns anything but a boolean (a promise, for example), that stream ends with that error.
   */
  filter?: ((event: Event) => boolean) | undefined
  /**
   * Where to start when the client sent no `Last-Event-ID`: a `hub.cursor()` that was rendered into a page. `''`, which
   * is what `cursor()` returns before the hub is ready, is no place: the client gets a `gap`, or the snapshot.
   */
  after?: string | undefined
  /**
   * While the client reads too slowly, only the newest event of each key is kept for it; undefined: the event is
   * never left out. It is for events that replace one another, like prices: what is left out is never sent, not even
   * when the client resumes after it. The newest event is sent in the position of the first one that it replaces, and
   * under that one's id; a client that reconnects there may receive later events of the key once more.
   */
  coalesce?: ((event: Event) => string | undefined) | undefined
  /**
   * Reads the state of a channel. A client without a place, and one that would get a gap, gets one event `snapshot`
   * instead: an object with the state of each channel. Events that change these states follow, and some that the states
   * have already: so an event must say what something is now, not by how much it has changed. Undefined leaves a channel
   * out.
   *
   * Streams that are given the same function share its results for `snapshotMaxAge`, so it must not depend on the
   * client: one made for each request is called for each. `filter` is not applied. When it throws or takes too long,
   * the client gets the gap.
   */
  snapshot?: ((channel: Event['channel']) => unknown) | undefined
  /** Whose stream it is, for {@link Hub.disconnect}: a string. */
  key?: string | undefined
}

/** Options of {@link Hub.ready}. */
export interface ReadyOptions {
  /** Gives up when it aborts: the promise rejects with its reason. */
  signal?: AbortSignal
}

/** Options of {@link Hub.events}. */
export interface EventsOptions<Event extends PublishedEvent = PublishedEvent> {
  /** Only events for which this returns true. What it throws ends the events. */
  filter?: ((event: Event) => boolean) | undefined
  /** An id of an earlier event, or a `hub.cursor()`: events after it come first. Default: from now on. */
  after?: string | undefined
  /** Ends the events. */
  signal?: AbortSignal | undefined
}

/** An event as {@link Hub.events} gives it. */
export interface HubItem<Channel extends string = string> {
  /** Pass it as `after` to continue after this event. */
  readonly id: string
  /** The first of the event's channels that was asked for; `''` for a gap. */
  readonly channel: Channel | ''
  /** Its name; `message` if it has none, `gap` if events before it may be missing. */
  readonly event: string
  /** The text that was published; of a gap, a {@link Gap} as JSON. */
  readonly data: string
}

/** A hub's state, in numbers. */
export interface HubStats {
  /** Streams that are subscribed. */
  streams: number
  /** Channels with a subscriber. */
  channels: number
  /** What is held of the log's end. `age`: for how many ms this process has had its oldest entry. */
  tail: { length: number; bytes: number; age: number }
  /** Streams that are not up to date: their client reads too slowly, or they read from the log. */
  lagging: number
  /** Events that came through the log, ever. */
  published: number
  /** Events handed to streams, ever. */
  delivered: number
  /** Gaps sent to streams, ever. */
  gaps: number
  /** Streams cut off because their client read too little (`ERR_SSE_SLOW_CLIENT`), ever. */
  stalled: number
  /** Publishes that the log has not confirmed, ever. It may have some of them. */
  rejected: number
  /** What was read from the log, ever, for streams whose place is not in the tail. Bytes of channels, names and data. */
  catchUp: { reads: number; bytes: number }
  /**
   * For how many ms, at most, there have been entries in the log that this process has not read; 0 when it has all. It
   * grows while the log cannot be reached, and while more is published than this process can read.
   */
  behind: number
  /** Whether the log's engine can be reached. */
  log: 'up' | 'down'
}

/** A channel of {@link Hub.channels}. */
export interface HubChannel<Channel extends string = string> {
  readonly name: Channel
  /** Streams that follow it. */
  readonly streams: number
}

/**
 * Many streams and one log: what is published reaches every stream of the channel, exactly once and in one order.
 *
 * `Hub` without a type argument is a hub of any channels: a parameter of that type takes every hub.
 */
// biome-ignore lint/suspicious/noExplicitAny: only a hub of `any` takes hubs whose channels are interfaces
export interface Hub<Channels = any> {
  /**
   * Publishes an event. Resolves with its id once the log has it; a rejection is ambiguous, it may have been stored.
   * Nobody has to wait for it: a rejection that nobody catches is no unhandled one. Code that awaits it never publishes
   * faster than streams are served: it waits before the tail drops an event that was not offered to all of them.
   *
   * @throws SseError synchronously, for a channel or an event that cannot be sent
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
   * Sends the events of `channels` to `stream`, from its `Last-Event-ID` on, else from `after` on, else from now on.
   * A stream subscribes once, to one hub: its ids are the hub's.
   *
   * @returns ends the subscription; the stream stays open
   * @throws SseError ERR_SSE_ALREADY_SUBSCRIBED, ERR_SSE_INVALID_CHANNEL, ERR_SSE_INVALID_OPTION
   */
  subscribe<Channel extends keyof Channels & string>(
    stream: EventStream,
    channels: Channel | readonly Channel[],
    options?: SubscribeOptions<PublishedOn<Channels, Channel>>,
  ): () => void

  /**
   * The current position: a page that is rendered with it and passes it as `after` misses nothing in between. Take it
   * before you read what the page shows, and store before you publish: then an event is in one of the two, or in both.
   * `''` before {@link ready}.
   */
  cursor(): string

  /** The hub in numbers. Costs a look at each stream. */
  stats(): HubStats

  /** The channels that streams of this process follow. */
  channels(): IterableIterator<HubChannel<keyof Channels & string>>

  /** How many streams of this process follow a channel. */
  count(channel: keyof Channels & string): number

  /** The keys of the streams of this process, each once. */
  keys(): IterableIterator<string>

  /**
   * Resolves when the log is followed: at once for a MemoryLog. Rejects at once while the log is refused, which does not
   * heal by itself: ERR_SSE_LOG_REFUSED for a wrong password or a missing permission. A log that cannot be reached is
   * waited for until `signal` aborts: `ready({ signal: AbortSignal.timeout(10_000) })`. Either way the hub keeps trying.
   *
   * @throws SseError ERR_SSE_INVALID_OPTION synchronously; rejects with ERR_SSE_LOG_REFUSED, ERR_SSE_HUB_CLOSED, or
   * the signal's reason
   */
  ready(options?: ReadyOptions): Promise<void>

  /**
   * The events of `channels` inside this process, from `after` on, else from now on: for GraphQL subscriptions, tRPC,
   * background jobs, tests. A gap comes as an item with the event `gap`. A consumer that takes its time holds a place
   * in the log, and no events. The loop ends when it is left, when `signal` aborts and when the hub is closed.
   *
   * @throws SseError ERR_SSE_INVALID_CHANNEL, ERR_SSE_INVALID_OPTION
   */
  events<Channel extends keyof Channels & string>(
    channels: Channel | readonly Channel[],
    options?: EventsOptions<PublishedOn<Channels, Channel>>,
  ): AsyncIterableIterator<HubItem<Channel>>

  /**
   * Closes the streams of a key in all processes that share the log: a logout, a permission that was taken away. It
   * goes through the log like an event, so a farewell that was published before is delivered first, and streams that
   * another process opens before it has read that are closed too. Browsers reconnect, so answer them accordingly.
   * While the log cannot be reached, the streams of this process are closed at once, and it is tried again until the
   * log has it.
   *
   * @returns resolves when the log has it; rejects when the hub is closed before
   * @throws SseError ERR_SSE_INVALID_OPTION synchronously, for a key that is not a string
   */
  disconnect(key: string): Promise<void>
  /**
   * Closes the streams of this process that `which` picks, after what has come through the log by then.
   *
   * @returns how many were closed
   */
  disconnect(which: (stream: EventStream, key: string | undefined) => boolean): number

  /**
   * Ends all streams and tells each client when to reconnect: see {@link CloseOptions}. Streams that subscribe from now
   * on end in the same way. Until the last one has ended, events can be published and are delivered. Then closes the
   * log. Resolves when all responses are finished.
   */
  close(options?: CloseOptions): Promise<void>
}
