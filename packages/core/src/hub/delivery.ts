import { AsyncResource } from 'node:async_hooks'
import { SseError } from '../errors.ts'
import type { Cursor, LogEntry, LogFollower } from '../log/event-log.ts'
import { clock } from '../process/clock.ts'
import type { Passage } from '../stream/compression/shared-text.ts'
import type { Serialize } from '../wire/encode.ts'
import { ChannelIndex } from './channel-index.ts'
import type { ChannelSet } from './channel-set.ts'
import type { ControlEventNames, GapReason } from './control-event.ts'
import { FanOut, type Visited } from './fan-out.ts'
import { logStateDiagnostics } from './hub-diagnostics.ts'
import { isMessage, readMessage } from './hub-message.ts'
import type { ResolvedHubOptions } from './hub-options.ts'
import { LogReader, type PageReading } from './log-reader.ts'
import { Readiness } from './readiness.ts'
import type { PagePosition } from './recent-pages.ts'
import { Resumes } from './resumes.ts'
import type { Run } from './run.ts'
import { type SnapshotSource, Snapshots } from './snapshots.ts'
import type { Subscriber } from './subscriber.ts'
import type { SubscriberHub } from './subscriber-hub.ts'
import { Tail } from './tail.ts'

/** How long to wait, in ms, before a log that lags or cannot be reached is read again. */
const RETRY_DELAY = 1_000

/** The totals of a hub since it was created. */
interface HubCounts {
  published: number
  delivered: number
  gaps: number
  stalled: number
  rejected: number
}

/** A follower that can be reset when the log is. */
export interface Resettable extends Visited {
  reset(reason: GapReason): void
}

/** The core of a hub. It is the only writer of the tail, and knows which stream follows which channel. */
export class Delivery implements SubscriberHub, SnapshotSource {
  readonly counts: HubCounts = { published: 0, delivered: 0, gaps: 0, stalled: 0, rejected: 0 }
  readonly subscribers: Set<Subscriber> = new Set()
  readonly readiness: Readiness = new Readiness()
  /**
   * Receives the reports of the log. It is a separate object, so that apps cannot call these methods through the hub.
   */
  readonly follower: LogFollower = {
    start: (head, backlog) => this.#start(head, backlog),
    entries: (batch) => this.#entries(batch),
    reset: (head, reason) => this.#reset(head, reason),
    state: (up, error) => this.#state(up, error),
  }
  readonly resumes: Resumes
  readonly snapshots: Snapshots = new Snapshots(this)
  readonly #options: ResolvedHubOptions
  readonly #reader: LogReader
  /** Streams that subscribed before the log was followed, with the cursor that each of them starts from. */
  readonly #waiting = new Map<Subscriber, Cursor | undefined>()
  readonly #channels = new ChannelIndex<Resettable>()
  /** The followers that are not streams: loops over `hub.events()`. */
  readonly #loops = new Set<Resettable>()
  readonly #fanOut: FanOut = new FanOut(this.#channels, this)
  readonly #scope = new AsyncResource('DownstreamHub')
  readonly #onMoved = new Set<() => void>()
  readonly #unknown = new Set<string | undefined>()
  #tail: Tail | undefined
  #up: boolean | undefined

  constructor(options: ResolvedHubOptions) {
    this.#options = options
    this.resumes = new Resumes(options.maxResumes)
    this.#reader = new LogReader(options.log, options.onError)
  }

  get isUp(): boolean {
    return this.#up === true
  }

  get isReady(): boolean {
    return this.#tail !== undefined
  }

  /** The reads of the log for streams whose position is not in the tail. */
  get catchUp(): { reads: number; bytes: number } {
    return this.#reader.counts
  }

  /** The channels with at least one follower. */
  *channelNames(): IterableIterator<string> {
    for (const [name] of this.#channels.entries()) yield name
  }

  /** How many streams follow a channel. */
  streamsOf(channel: string): number {
    let count = this.#channels.get(channel)?.size ?? 0
    for (const loop of this.#loops) if (loop.channels.names.has(channel)) count--
    return count
  }

  /** How many channels have a follower. */
  get channelCount(): number {
    return this.#channels.size
  }

  get tail(): Tail {
    return this.#tail as Tail
  }

  get names(): ControlEventNames {
    return this.#options.names
  }

  get serialize(): Serialize {
    return this.#options.serialize
  }

  get snapshotMaxAge(): number {
    return this.#options.snapshotMaxAge
  }

  get snapshotTimeout(): number {
    return this.#options.snapshotTimeout
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

  setOf(names: ReadonlySet<string>): ChannelSet {
    return this.#channels.setOf(names)
  }

  /** Serves `subscriber` from `from` on, as soon as the log is followed. */
  add(subscriber: Subscriber, from: Cursor | undefined): void {
    this.subscribers.add(subscriber)
    this.#channels.add(subscriber)
    if (this.#tail !== undefined) subscriber.start(from)
    else this.#waiting.set(subscriber, from)
  }

  remove(subscriber: Subscriber): void {
    this.#waiting.delete(subscriber)
    if (this.subscribers.delete(subscriber)) this.#forget(subscriber)
  }

  follow(loop: Resettable): void {
    this.#loops.add(loop)
    this.#channels.add(loop)
  }

  unfollow(loop: Resettable): void {
    if (this.#loops.delete(loop)) this.#forget(loop)
  }

  /** Undefined when there is room for another entry, else a promise that resolves when there is. */
  room(): Promise<void> | undefined {
    return this.#tail === undefined ? undefined : this.#fanOut.room()
  }

  recent(cursor: Cursor): PagePosition | undefined {
    return this.#reader.recent(cursor)
  }

  read(cursor: Cursor, signal: AbortSignal): Promise<PageReading> {
    return this.#reader.read(cursor, signal)
  }

  moved(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const moved = () => {
        clock.clearTimeout(timer)
        this.#onMoved.delete(moved)
        signal?.removeEventListener('abort', moved)
        resolve()
      }
      const timer = clock.setTimeout(moved, RETRY_DELAY).unref()
      this.#onMoved.add(moved)
      signal?.addEventListener('abort', moved)
    })
  }

  runOf(channels: ChannelSet, position: number): Run {
    return this.#fanOut.runOf(channels, position)
  }

  passageOf(channels: ChannelSet, position: number, run: Run): Passage | undefined {
    return this.#fanOut.passageOf(channels, position, run)
  }

  announce(): void {
    this.#fanOut.announce()
  }

  enqueue(visited: Visited): void {
    this.#fanOut.enqueue(visited)
  }

  /** Closes streams. Each is first sent all events that have come through the log by now: a farewell, for example. */
  disconnect(subscribers: Iterable<Subscriber>): void {
    for (const subscriber of subscribers) {
      subscriber.flush()
      subscriber.stream.close()
    }
  }

  /** The streams with this key. */
  ofKey(key: string): Subscriber[] {
    return [...this.subscribers].filter((subscriber) => subscriber.key === key)
  }

  onError(error: unknown): void {
    this.#options.onError(error)
  }

  #start(head: Cursor, backlog: readonly LogEntry[]): void {
    this.#tail = new Tail(this.#options.tail, head, backlog)
    this.readiness.start()
    // The backlog may ask to disconnect a stream that was opened before this process read it.
    for (const entry of backlog) if (isMessage(entry)) this.#handleMessage(entry)
    for (const [subscriber, from] of this.#waiting) subscriber.start(from)
    this.#waiting.clear()
    this.#move()
  }

  #entries(batch: readonly LogEntry[]): void {
    const { tail } = this
    for (const entry of batch) {
      this.#fanOut.add(entry.channels, tail.next, tail.head)
      const { error } = tail.push(entry)
      if (error !== undefined) this.onError(error)
      if (isMessage(entry)) this.#handleMessage(entry)
      else this.counts.published++
    }
    this.#move()
  }

  #reset(head: Cursor, reason: 'trimmed' | 'log-changed'): void {
    this.#tail = new Tail(this.#options.tail, head, [])
    this.#fanOut.reset()
    this.#reader.reset()
    this.snapshots.reset()
    for (const followers of [this.subscribers, this.#loops]) {
      for (const follower of followers) follower.reset(reason)
    }
  }

  #state(up: boolean, error?: unknown): void {
    if (error !== undefined) this.onError(error)
    if (!up && codeOf(error) === 'ERR_SSE_LOG_REFUSED') this.readiness.refuse(error)
    else this.readiness.retract()
    if (this.#up === up) return
    this.#up = up
    const state = up ? 'up' : 'down'
    if (logStateDiagnostics.hasSubscribers)
      logStateDiagnostics.publish({ log: this.#options.log, state, error })
    this.#options.onLogState(state, error)
    if (up) this.#move()
  }

  #forget(follower: Resettable): void {
    this.#channels.delete(follower)
    this.#fanOut.forget(follower)
  }

  #move(): void {
    for (const moved of this.#onMoved) moved()
  }

  /** Runs outside of the publisher's async context, because the streams that end belong to other requests. */
  #handleMessage(entry: LogEntry): void {
    const message = readMessage(entry)
    if (message !== undefined) {
      this.#scope.runInAsyncScope(() => this.disconnect(this.ofKey(message.key)))
    } else if (!this.#unknown.has(entry.event)) {
      this.#unknown.add(entry.event)
      this.onError(
        new SseError(
          'ERR_SSE_INVALID_EVENT',
          `The log contains a message between hubs that this version does not know: ${entry.event}. Update all processes that share the log.`,
        ),
      )
    }
  }
}

/** Checks the shape, because the error may come from another copy of this package. */
function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}
