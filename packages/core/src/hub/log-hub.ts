import { SseError } from '../errors.ts'
import type { Cursor } from '../log/event-log.ts'
import type { EventStream } from '../stream/event-stream.ts'
import { type CloseOptions, Shutdown } from '../stream/shutdown.ts'
import { portOf, type StreamPort } from '../stream/stream-port.ts'
import { describe } from '../wire/describe.ts'
import { Delivery } from './delivery.ts'
import type {
  EventsOptions,
  Hub,
  HubChannel,
  HubItem,
  HubOptions,
  HubStats,
  ReadyOptions,
  SubscribeOptions,
} from './hub.ts'
import { publishDiagnostics } from './hub-diagnostics.ts'
import { HubEvents } from './hub-events.ts'
import { messageEntry } from './hub-message.ts'
import { type ResolvedHubOptions, resolveHubOptions } from './hub-options.ts'
import { warnOfLocalLog } from './local-log.ts'
import { checkSubscription, newEntry } from './new-entry.ts'
import {
  checkEventsOptions,
  checkKey,
  checkReadyOptions,
  checkSubscribeOptions,
} from './subscribe-options.ts'
import { Subscriber } from './subscriber.ts'

type Picks = (stream: EventStream, key: string | undefined) => boolean

/** A Hub on an EventLog. It has the methods of the interface and no others, because apps call it. */
export class LogHub implements Hub<Record<string, Record<string, unknown>>> {
  readonly #options: ResolvedHubOptions
  readonly #delivery: Delivery
  /** Responses that are not finished yet, even if their stream has ended. */
  readonly #ports = new Set<StreamPort>()
  /** The last publish failed. */
  #refusing = false
  #shutdown: Shutdown | undefined
  #closed: Promise<void> | undefined
  readonly #over = new AbortController()

  constructor(options: HubOptions) {
    this.#options = resolveHubOptions(options)
    this.#delivery = new Delivery(this.#options)
    const { follower } = this.#delivery
    this.#options.log.follow(follower, { backlog: this.#options.tail }).catch((error) => {
      follower.state(false, error)
      this.#delivery.readiness.refuse(error)
    })
  }

  publish(
    channels: string | readonly string[],
    event: { event?: string | undefined; data: unknown },
  ): Promise<Cursor> {
    const entry = newEntry(channels, event, this.#options)
    const published = this.#over.signal.aborted ? Promise.reject(closed()) : this.#append(entry)
    // An app that does not await the promise must not crash because the log cannot be reached, or because a timer
    // publishes during a shutdown.
    published.catch(() => {})
    return published
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
        `subscribe(stream, channels) takes the stream that res.sse() or reply.sse() returns without a source (with a source they return a promise); got ${describe(stream)}.`,
      )
    }
    const names = checkSubscription(channels, this.#options)
    checkSubscribeOptions(options)
    if (port.owned) {
      throw new SseError(
        'ERR_SSE_ALREADY_SUBSCRIBED',
        'This stream is or was subscribed. Subscribe it once, and name all its channels in that call: its ids are positions in one log.',
      )
    }
    if (stream.closed) return () => {}
    warnOfLocalLog(this.#options.log)
    const subscriber = new Subscriber(
      this.#delivery,
      stream,
      port,
      this.#delivery.setOf(new Set(names)),
      options,
    )
    port.attach(subscriber)
    port.keepIn(this.#ports)
    if (this.#shutdown !== undefined) this.#shutdown.end(port)
    else this.#delivery.add(subscriber, stream.lastEventId || cursorOf(options.after))
    return () => {
      subscriber.onOver()
      // From now on, close() of this hub does not end the stream.
      this.#ports.delete(port)
    }
  }

  events<Channel extends string>(
    channels: Channel | readonly Channel[],
    options: EventsOptions = {},
  ): AsyncIterableIterator<HubItem<Channel>> {
    const names = checkSubscription(channels, this.#options)
    checkEventsOptions(options)
    const set = this.#delivery.setOf(new Set(names))
    const after = cursorOf(options.after)
    const events: AsyncIterableIterator<HubItem> = new HubEvents(
      this.#delivery,
      set,
      after,
      options,
      this.#over.signal,
    )
    return events as AsyncIterableIterator<HubItem<Channel>>
  }

  cursor(): Cursor {
    return this.#delivery.isReady ? this.#delivery.tail.head : ''
  }

  stats(): HubStats {
    const { subscribers, channelCount, counts, catchUp, isReady, isUp } = this.#delivery
    let lagging = 0
    for (const subscriber of subscribers) if (subscriber.lagging) lagging++
    const { length, bytes, age } = isReady ? this.#delivery.tail : { length: 0, bytes: 0, age: 0 }
    return {
      streams: subscribers.size,
      channels: channelCount,
      tail: { length, bytes, age },
      lagging,
      ...counts,
      catchUp: { ...catchUp },
      behind: this.#options.log.behind?.() ?? 0,
      log: isUp ? 'up' : 'down',
    }
  }

  *channels(): IterableIterator<HubChannel> {
    for (const name of this.#delivery.channelNames()) {
      const streams = this.count(name)
      if (streams > 0) yield { name, streams }
    }
  }

  count(channel: string): number {
    return this.#delivery.streamsOf(channel)
  }

  *keys(): IterableIterator<string> {
    const seen = new Set<string>()
    for (const { key } of this.#delivery.subscribers) {
      if (key === undefined || seen.has(key)) continue
      seen.add(key)
      yield key
    }
  }

  ready(options: ReadyOptions = {}): Promise<void> {
    checkReadyOptions(options)
    return this.#delivery.readiness.wait(options.signal)
  }

  disconnect(key: string): Promise<void>
  disconnect(which: Picks): number
  disconnect(which: string | Picks): Promise<void> | number {
    if (typeof which === 'function') return this.#disconnectHere(which)
    checkKey(which, 'key')
    const done = this.#disconnectEverywhere(which)
    done.catch(() => {})
    return done
  }

  close(options: CloseOptions = {}): Promise<void> {
    this.#shutdown ??= new Shutdown(this.#ports, options)
    this.#closed ??= this.#shutdown.done.then(() => {
      this.#over.abort(closed())
      this.#delivery.readiness.refuse(closed())
      return this.#options.log.close()
    })
    return this.#closed
  }

  async #append(entry: ReturnType<typeof newEntry>): Promise<Cursor> {
    let cursor: Cursor
    try {
      cursor = await this.#options.log.append(entry)
    } catch (error) {
      this.#delivery.counts.rejected++
      // Report the first failure only: an outage would otherwise report every publish.
      if (!this.#refusing) this.#options.onError(error)
      this.#refusing = true
      throw error
    }
    this.#refusing = false
    if (publishDiagnostics.hasSubscribers) {
      const { channels, event } = entry
      publishDiagnostics.publish({ log: this.#options.log, channels, event, id: cursor })
    }
    await this.#delivery.room()
    return cursor
  }

  #disconnectHere(picks: Picks): number {
    const picked = [...this.#delivery.subscribers].filter(({ key, stream }) => {
      const answer: unknown = picks(stream, key)
      if (typeof answer === 'boolean') return answer
      Promise.resolve(answer).catch(() => {})
      throw new SseError(
        'ERR_SSE_INVALID_OPTION',
        `The function passed to disconnect() must return true or false; got ${describe(answer)}. It cannot be async.`,
      )
    })
    this.#delivery.disconnect(picked)
    return picked.length
  }

  /** Appends the request until the log has stored it. Closing a stream twice does no harm, but leaving it open may. */
  async #disconnectEverywhere(key: string): Promise<void> {
    const { signal } = this.#over
    for (;;) {
      signal.throwIfAborted()
      try {
        await this.#options.log.append(messageEntry({ do: 'disconnect', key }))
        return
      } catch (error) {
        if (!this.#refusing) this.#options.onError(error)
        this.#refusing = true
      }
      // The other processes cannot read it yet, but the streams of this one can be closed now.
      this.#delivery.disconnect(this.#delivery.ofKey(key))
      await this.#delivery.moved(signal)
    }
  }
}

function closed(): SseError {
  return new SseError(
    'ERR_SSE_HUB_CLOSED',
    'The hub is closed. Stop the code that publishes, then close the hub.',
  )
}

/** `after` may come from a query string and be an array. Its text is no valid cursor, so the client receives a gap. */
function cursorOf(after: unknown): Cursor | undefined {
  return after === undefined || after === null ? undefined : String(after)
}
