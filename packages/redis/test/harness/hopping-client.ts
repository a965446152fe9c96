import { get, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { readEvents } from '@downstream/testing'
import type { Numbered, Received } from './verdict.ts'

/** The address of the streams. */
interface Origin {
  readonly origin: string
}

/** How soon it reconnects when a stream ends, in ms. */
const RETRY = 50

/** Reads the news over HTTP from changing nodes, as a browser does: it reconnects by itself and sends the last id. */
export class HoppingClient {
  readonly received: Received[] = []
  /** The id of the last event that had one. */
  lastEventId = ''
  /** The number of responses that it has started to read. */
  opened = 0
  readonly #seen = new Set<string>()
  /** Ends the current visit. */
  #stay: AbortController | undefined
  #paused: { promise: Promise<void>; resume: () => void } | undefined

  /** Disconnects from its node and connects to another. */
  visit({ origin }: Origin): void {
    this.leave()
    const stay = new AbortController()
    this.#stay = stay
    void this.#follow(origin, stay.signal)
  }

  leave(): void {
    this.#stay?.abort()
    this.#stay = undefined
    this.resume()
  }

  /** Stops reading while the stream stays open. */
  pause(): void {
    let resume = () => {}
    const promise = new Promise<void>((resolve) => {
      resume = resolve
    })
    this.#paused ??= { promise, resume }
  }

  resume(): void {
    this.#paused?.resume()
    this.#paused = undefined
  }

  /** Whether it has received this event. */
  has(event: Numbered): boolean {
    return this.#seen.has(nameOf(event))
  }

  async #follow(origin: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // The tests break streams on purpose: only the received events count.
      await this.#read(origin, signal).catch(() => {})
      await sleep(RETRY, undefined, { signal }).catch(() => {})
    }
  }

  async #read(origin: string, signal: AbortSignal): Promise<void> {
    const headers = this.lastEventId === '' ? {} : { 'Last-Event-ID': this.lastEventId }
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get(origin, { agent: false, headers, signal }, resolve).on('error', reject)
    })
    this.opened++
    for await (const { event, data, id } of readEvents(response)) {
      if (signal.aborted) return
      this.lastEventId = id ?? this.lastEventId
      if (event === 'gap') this.received.push({ gap: JSON.parse(data).reason })
      else if (event === 'message') this.#take(JSON.parse(data))
      await this.#paused?.promise
    }
  }

  #take({ by, n }: Numbered): void {
    this.received.push({ by, n })
    this.#seen.add(nameOf({ by, n }))
  }
}

function nameOf({ by, n }: Numbered): string {
  return `${by} ${n}`
}
