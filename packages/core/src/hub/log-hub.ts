import { SseError } from '../errors.ts'
import type { Cursor, LogEntry, LogFollower } from '../log/event-log.ts'
import type { EventStream } from '../stream/event-stream.ts'
import { type CloseOptions, Shutdown } from '../stream/shutdown.ts'
import { portOf, type StreamPort } from '../stream/stream-port.ts'
import { ChannelIndex } from './channel-index.ts'
import type { ControlEventNames } from './control-event.ts'
import { FanOut } from './fan-out.ts'
import type { Hub, HubOptions, HubStats, SubscribeOptions } from './hub.ts'
import { type ResolvedHubOptions, resolveHubOptions } from './hub-options.ts'
import { warnOfLocalLog } from './local-log.ts'
import { LogReader, type Page } from './log-reader.ts'
import { checkChannel, newEntry } from './new-entry.ts'
import { checkSubscribeOptions } from './subscribe-options.ts'
import { Subscriber, type SubscriberHub } from './subscriber.ts'
import { Tail } from './tail.ts'

/** How long to wait for a log that is behind or away, in ms, before it is asked again. */
const PATIENCE = 1_000

/** A Hub on an EventLog: the only writer of the tail, and who knows which stream follows which channel. */
export class LogHub implements Hub<Record<string, Record<string, unknown>>>, SubscriberHub, LogFollower {
  readonly counts = { published: 0, delivered: 0, gaps: 0, stalled: 0 }
  readonly #options: ResolvedHubOptions
  readonly #reader: LogReader
  readonly #subscribers = new Set<Subscriber>()
  /** Until the log is followed: where their clients say that they were. */
  readonly #waiting = new Map<Subscriber, Cursor>()
  readonly #channels = new ChannelIndex()
  readonly #fanOut: FanOut = new FanOut(this.#channels)
  /** Responses that are not through yet, over or not. */
  readonly #ports = new Set<StreamPort>()
  readonly #ready: Promise<void>
  #onReady: () => void = () => {}
  #tail: Tail | undefined
  #up: boolean | undefined
  /** The last publish has failed. */
  #refusing = false
  readonly #onMoved = new Set<() => void>()
  #shutdown: Shutdown | undefined
  #closed: Promise<void> | undefined
  #over = false

  constructor(options: HubOptions) {
    this.#options = resolveHubOptions(options)
    this.#reader = new LogReader(this.#options.log, this.#options.onError)
    this.#ready = new Promise((resolve) => {
      this.#onReady = resolve
    })
    this.#options.log.follow(this, { backlog: this.#options.tail }).catch((error) => this.state(false, error))
  }

  // What an app calls.

  publish(channel: string, event: { event?: string | undefined; data: unknown }): Promise<Cursor> {
    const entry = newEntry(channel, event, this.#options)
    if (this.#over) {
      const closed = Promise.reject(
        new SseError('ERR_SSE_HUB_CLOSED', 'The hub is closed: publish before you close it.'),
      )
      // A timer that publishes once more during a shutdown must not crash the process.
      closed.catch(() => {})
      return closed
    }
    const appended = this.#options.log.append(entry)
    // An app that does not wait for it must not crash because the log is away; and of many it hears once.
    appended.then(
      () => {
        this.#refusing = false
      },
      (error) => {
        if (!this.#refusing) this.onError(error)
        this.#refusing = true
      },
    )
    return appended
  }

  subscribe(
    stream: EventStream,
    channels: string | readonly string[],
    options: SubscribeOptions = {},
  ): () => void {
    const port = portOf(stream)
    if (port === undefined) {
      throw new SseError(
        'ERR_SSE_INVALID_OPTION',
        'Subscribe a stream that res.sse() or reply.sse() has returned: subscribe(stream, channels).',
      )
    }
    const names = new Set(Array.isArray(channels) ? channels : [channels])
    for (const name of names) checkChannel(name)
    if (names.size === 0) throw new SseError('ERR_SSE_INVALID_CHANNEL', 'Subscribe to one channel or more.')
    checkSubscribeOptions(options)
    if (port.owned) {
      throw new SseError(
        'ERR_SSE_ALREADY_SUBSCRIBED',
        'A stream subscribes once, because its ids are those of one hub: name all its channels in one call.',
      )
    }
    if (stream.closed) return () => {}
    warnOfLocalLog(this.#options.log)
    const subscriber = new Subscriber(this, stream, port, this.#channels.setOf(names), options)
    port.attach(subscriber)
    // From a query it may be a list: whatever it is, it is no cursor then.
    this.#add(subscriber, stream.lastEventId || String(options.after ?? ''))
    return () => {
      subscriber.onOver()
      // It is no longer this hub's to end.
      this.#ports.delete(port)
    }
  }

  cursor(): Cursor {
    return this.#tail?.head ?? ''
  }

  stats(): HubStats {
    let lagging = 0
    for (const subscriber of this.#subscribers) if (subscriber.lagging) lagging++
    return {
      streams: this.#subscribers.size,
      channels: this.#channels.size,
      tail: { length: this.#tail?.length ?? 0, bytes: this.#tail?.bytes ?? 0 },
      lagging,
      ...this.counts,
      log: this.#up ? 'up' : 'down',
    }
  }

  ready(): Promise<void> {
    return this.#ready
  }

  disconnect(which: string | ((stream: EventStream, key: string | undefined) => boolean)): number {
    const picks = typeof which === 'string' ? (_: EventStream, key?: string) => key === which : which
    const picked = [...this.#subscribers].filter(({ key, stream }) => picks(stream, key))
    for (const subscriber of picked) {
      // A farewell that was published just before.
      subscriber.flush()
      subscriber.stream.close()
    }
    return picked.length
  }

  close(options: CloseOptions = {}): Promise<void> {
    this.#shutdown ??= new Shutdown(this.#ports, options)
    this.#closed ??= this.#shutdown.done.then(() => {
      this.#over = true
      return this.#options.log.close()
    })
    return this.#closed
  }

  // What the log tells.

  start(head: Cursor, backlog: readonly LogEntry[]): void {
    this.#tail = new Tail(this.#options.tail, head, backlog)
    this.#onReady()
    for (const [subscriber, from] of this.#waiting) subscriber.start(from)
    this.#waiting.clear()
  }

  entries(batch: readonly LogEntry[]): void {
    const { tail } = this
    for (const entry of batch) {
      this.#fanOut.add(entry.channels, tail.next, tail.head)
      const { error } = tail.push(entry)
      if (error !== undefined) this.onError(error)
    }
    this.counts.published += batch.length
    for (const moved of this.#onMoved) moved()
  }

  reset(head: Cursor, reason: 'trimmed' | 'log-changed'): void {
    this.#tail = new Tail(this.#options.tail, head, [])
    this.#fanOut.reset()
    for (const subscriber of this.#subscribers) subscriber.reset(reason)
  }

  state(up: boolean, error?: unknown): void {
    if (error !== undefined) this.onError(error)
    if (this.#up === up) return
    this.#up = up
    try {
      this.#options.onLogState(up ? 'up' : 'down', error)
    } catch (thrown) {
      this.onError(thrown)
    }
  }

  // What a subscriber needs.

  get tail(): Tail {
    return this.#tail as Tail
  }

  get names(): ControlEventNames {
    return this.#options.names
  }

  get gapDelay(): number {
    return this.#options.gapDelay
  }

  get maxResume(): number {
    return this.#options.maxResume
  }

  get pending(): boolean {
    return this.#fanOut.pending
  }

  read(place: Cursor): Promise<Page> {
    return this.#reader.read(place)
  }

  moved(): Promise<void> {
    return new Promise((resolve) => {
      const moved = () => {
        clearTimeout(timer)
        this.#onMoved.delete(moved)
        resolve()
      }
      const timer = setTimeout(moved, PATIENCE).unref()
      this.#onMoved.add(moved)
    })
  }

  tell(): void {
    this.#fanOut.tell()
  }

  enqueue(subscriber: Subscriber): void {
    this.#fanOut.enqueue(subscriber)
  }

  remove(subscriber: Subscriber): void {
    this.#waiting.delete(subscriber)
    if (this.#subscribers.delete(subscriber)) this.#channels.delete(subscriber)
  }

  onError(error: unknown): void {
    this.#options.onError(error)
  }

  #add(subscriber: Subscriber, from: Cursor): void {
    this.#subscribers.add(subscriber)
    this.#channels.add(subscriber)
    const { port } = subscriber
    port.keepIn(this.#ports)
    if (this.#shutdown !== undefined) this.#shutdown.end(port)
    else if (this.#tail !== undefined) subscriber.start(from)
    else this.#waiting.set(subscriber, from)
  }
}
