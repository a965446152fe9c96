import { parseEvents, type ReceivedEvent } from '@downstream/testing'
import { type SseCloseCode, SseError } from '../../src/errors.ts'
import type { EventStream, Source } from '../../src/stream/event-stream.ts'
import { sendAll } from '../../src/stream/send-all.ts'
import { definePort, type Ending, type StreamOwner, type StreamPort } from '../../src/stream/stream-port.ts'
import { encodeComment, encodeEvent } from '../../src/wire/encode.ts'
import type { ServerSentEvent } from '../../src/wire/server-sent-event.ts'

/** A stream with a port and without a response: the test decides when its client reads, stalls and disconnects. */
export class FakePort implements EventStream, StreamPort {
  readonly lastEventId: string
  /** Everything that was written, whether the client has read it or not. */
  text = ''
  /** The number of writes. */
  writes = 0
  /**
   * How many characters the client may leave unread before there is no room. If it is infinite, the client reads at
   * once.
   */
  room: number = Number.POSITIVE_INFINITY
  code: SseCloseCode | undefined
  cause: unknown
  finished = false
  readonly sharesText = false
  sentEvents = 0
  readonly sentBytes = 0
  readonly ownRetry = 3_000
  retry: number | undefined
  /** The stream is the response to a long poll. */
  polls = false
  #taken = 0
  #full = false
  #owner: StreamOwner | undefined
  #controller: AbortController | undefined
  #finishListeners: (() => void)[] = []

  constructor(lastEventId = '') {
    this.lastEventId = lastEventId
  }

  get events(): ReceivedEvent[] {
    return parseEvents(this.text)
  }

  get reason(): EventStream['reason'] {
    return this.#controller?.signal.reason
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    return this.#controller.signal
  }

  get closed(): boolean {
    return this.code !== undefined
  }

  get bufferedBytes(): number {
    return this.room === Number.POSITIVE_INFINITY ? 0 : this.text.length - this.#taken
  }

  get owned(): boolean {
    return this.#owner !== undefined
  }

  attach(owner: StreamOwner): void {
    this.#owner = owner
  }

  write(text: string, _now = false, _passage?: unknown, events = 0): boolean {
    if (this.closed) return false
    this.sentEvents += events
    this.writes++
    this.text += text
    if (this.bufferedBytes > this.room) this.#full = true
    return !this.#full
  }

  async send(event: ServerSentEvent | string): Promise<boolean> {
    this.write(encodeEvent(event))
    return !this.closed
  }

  sendAll(source: Source): Promise<void> {
    return sendAll(this, source, { maxEventBytes: 1_000, sendText: async (text) => this.write(text) })
  }

  async comment(text?: string): Promise<boolean> {
    this.write(encodeComment(text))
    return !this.closed
  }

  close(): void {
    this.end('ERR_SSE_CLOSED')
  }

  end(code: SseCloseCode, { farewell = '', cause }: Ending = {}): void {
    if (this.closed) return
    this.text += farewell
    this.#over(code, cause)
    if (this.bufferedBytes === 0) this.#leave()
  }

  endPoll(farewell = ''): void {
    if (this.polls) this.end('ERR_SSE_CLOSED', { farewell })
  }

  /** Acts as the stream does when the wait of a long poll is over; returns whether it has ended. */
  endWait(): boolean {
    const news = this.#owner?.onWait()
    if (news !== undefined) this.endPoll(news)
    return this.closed
  }

  shutdown(retry: number): void {
    if (this.finished) return
    if (!this.closed) this.#owner?.flush()
    this.retry = retry
    this.end('ERR_SSE_SHUTDOWN', { farewell: encodeEvent({ retry }) })
  }

  /** Without a code the client has disconnected. */
  cut(code: SseCloseCode = 'ERR_SSE_CLIENT_CLOSED', cause?: unknown): void {
    this.#over(code, cause)
    this.#leave()
  }

  keepIn(set: Set<StreamPort>): void {
    if (this.finished) return
    set.add(this)
    this.whenFinished(() => set.delete(this))
  }

  whenFinished(listener: () => void): void {
    if (this.finished) listener()
    else this.#finishListeners.push(listener)
  }

  /** The client reads up to `count` characters more; returns everything that it has read so far. */
  read(count: number = Number.POSITIVE_INFINITY): string {
    this.#taken = Math.min(this.text.length, this.#taken + count)
    if (this.#taken === this.text.length) {
      if (this.closed) this.#leave()
      else if (this.#full) {
        this.#full = false
        this.#owner?.onRoom()
      }
    }
    return this.text.slice(0, this.#taken)
  }

  /** The client reads everything, now and from now on. */
  flow(): void {
    this.read()
    this.room = Number.POSITIVE_INFINITY
    this.read()
  }

  /** As the stream does once per keepAlive. */
  wake(): void {
    if (this.closed || this.#full) return
    const news = this.#owner?.onWake() ?? ''
    if (news !== '') this.write(news)
  }

  #over(code: SseCloseCode, cause: unknown): void {
    if (this.closed) return
    this.code = code
    this.cause = cause
    this.#owner?.onOver(code)
    this.#controller?.abort(new SseError(code, 'over'))
  }

  #leave(): void {
    this.finished = true
    for (const listener of this.#finishListeners.splice(0)) listener()
  }
}

definePort(FakePort.prototype, (stream) => stream)
