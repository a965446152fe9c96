import type { SseCloseCode } from '../errors.ts'
import { clock } from '../process/clock.ts'
import { inNoContext } from '../process/no-context.ts'
import { type Sleeper, wheel } from '../process/timer-wheel.ts'
import { EMPTY_COMMENT, encodeEvent, encodeFarewell } from '../wire/encode.ts'
import { closeReason } from './close-reason.ts'
import type { ResponseCoder } from './compression/response-coder.ts'
import type { Passage } from './compression/shared-text.ts'
import type { EventStream } from './event-stream.ts'
import type { ResolvedOptions } from './event-stream-options.ts'
import { type Connection, endConnection, type Target } from './exchange.ts'
import { Poll } from './poll.ts'
import { OVER, ROOM, Room } from './room.ts'
import { COMPLETE, type Ending, type StreamOwner, type StreamPort } from './stream-port.ts'
import { endedByOthers, Writer, type WriterOwner } from './writer.ts'

/** The list of all streams that have no listeners or sets, so that these cost nothing. */
const NONE: readonly never[] = []

/** If the client has read nothing for this many ms after the end of the response, the connection is cut. */
const LINGER = 15_000

/**
 * The internals of a public EventStream. `reason` is set once, when the stream ends: then the signal aborts, every
 * pending send settles and the timer wheel drops the stream. Terms for the end:
 *
 * | term | meaning |
 * |---|---|
 * | over | no more events |
 * | close | the app ends the stream; it sees `closed` once the stream is over |
 * | end | over, and the response ends after the buffered data |
 * | abrupt | end, but the connection is cut instead of ending the body |
 * | cut | over, and the connection is cut; buffered data is lost |
 * | shutdown | end, with the time after which the client reconnects; its connection is not kept |
 * | abandon | over: the framework answers with an error in place of the stream |
 * | finished | over, and the last byte was sent or the connection is closed |
 * | stop | the writer of a finished stream writes nothing more |
 */
export class ResponsePort implements StreamPort, Sleeper, WriterOwner {
  readonly lastEventId: string
  readonly options: ResolvedOptions
  slot?: Set<Sleeper> | undefined
  reason: EventStream['reason']
  finished = false
  sentEvents = 0
  readonly #connection: Connection
  readonly #writer = new Writer(this)
  readonly #expires: number
  readonly #poll: Poll | undefined
  /** With a heartbeat: when the last one was written. Otherwise: when anything was last written. */
  #lastWrite = wheel.now
  /** Created when it is first read: ten thousand idle streams need none. */
  #controller: AbortController | undefined
  /** Created when a caller first has to wait. */
  #room: Room | undefined
  #owner: StreamOwner | undefined
  /** The headers were not sent yet. */
  #headPending = true
  #abrupt = false
  #finishListeners: readonly (() => void)[] = NONE
  #sets: readonly Set<StreamPort>[] = NONE

  /**
   * @param connection - closed after the response if the stream ends for a shutdown
   * @param wait - for a long poll: how many seconds to wait
   */
  constructor(lastEventId: string, options: ResolvedOptions, connection?: Connection, wait?: number) {
    this.lastEventId = lastEventId
    this.options = options
    this.#connection = connection
    // The end is never later than requested, because revoking a login may rely on it. It is jittered, so that streams
    // that were opened together do not reconnect together.
    const now = clock.now()
    this.#poll = wait === undefined ? undefined : new Poll(wait, now)
    this.#expires = Math.min(
      now + options.maxAge * (1 - Math.random() / 5),
      // Use the monotonic clock: a wall clock that is set back must not prolong the stream.
      now + options.expiresAt - Date.now(),
    )
    // A client whose token has already expired must receive no event.
    if (this.#expires <= now) this.end('ERR_SSE_MAX_AGE')
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (!this.#headPending) this.#abort()
    }
    return this.#controller.signal
  }

  /** Whether the response must be cut off instead of ended, by this or other code. */
  get endsAbruptly(): boolean {
    return this.#abrupt && !this.finished
  }

  /** What is written last before an abrupt end. */
  get lastBytes(): string | Buffer {
    return this.#writer.lastBytes
  }

  get sentBytes(): number {
    return this.#writer.written
  }

  get bufferedBytes(): number {
    return this.#writer.bufferedBytes
  }

  get ownRetry(): number {
    return this.options.retry
  }

  get sharesText(): boolean {
    return this.#writer.sharesText
  }

  get owned(): boolean {
    return this.#owner !== undefined
  }

  /** How many seconds the answer to a long poll may wait; undefined for other streams. */
  get wait(): number | undefined {
    return this.#poll?.wait
  }

  attach(owner: StreamOwner): void {
    this.#owner = owner
    this.#poll?.onOwner()
  }

  write(text: string, now?: boolean, passage?: Passage, events = 0): boolean {
    if (this.reason !== undefined) return false
    this.sentEvents += events
    return this.#write(text, now, passage)
  }

  /** Writes whole events within the limit; returns what {@link EventStream.send} does. */
  send(text: string, events: number): Promise<boolean> {
    if (this.#writer.full && this.bufferedBytes > this.options.maxBufferedBytes) {
      this.cut('ERR_SSE_SLOW_CLIENT')
      return OVER
    }
    this.sentEvents += events
    const hasRoom = this.#write(text)
    if (this.reason !== undefined) return OVER
    if (this.#poll !== undefined) this.#onSent(this.#poll, text)
    if (hasRoom) return ROOM
    this.#room ??= new Room()
    return this.#room.wait()
  }

  /**
   * Starts writing, after the headers. The comment is necessary: Firefox and nginx pass on the headers only with a
   * first byte.
   */
  begin(target: Target, coder?: ResponseCoder, opening?: string): void {
    const start = opening ?? encodeEvent({ retry: this.options.retry }) + EMPTY_COMMENT
    this.#writer.start(target, start, coder)
    if (this.reason !== undefined) return
    this.#headPending = false
    const now = clock.now()
    wheel.add(this, this.#nextDue(now + this.#keepAlivePause(), now))
    // The wheel's time is right only now, because it stands still while no stream waits.
    this.#lastWrite = wheel.now
  }

  end(code: SseCloseCode, how: Ending = {}): void {
    if (this.reason !== undefined) return
    this.#abrupt = how.abrupt ?? this.options.abruptEnd
    this.#writer.end(how.farewell)
    this.#over(code, how.cause)
    if (this.finished) return
    wheel.add(this, this.#linger(clock.now()))
  }

  endPoll(farewell = ''): void {
    if (this.#poll === undefined) return
    const retry = this.#poll.farewell(this.options.retry)
    this.end('ERR_SSE_CLOSED', { ...COMPLETE, farewell: farewell + retry })
  }

  shutdown(retry: number, abrupt?: boolean): void {
    // After the end of the response, its connection may be busy with another request.
    if (this.finished) return
    if (this.reason === undefined) this.#owner?.flush()
    this.whenFinished(() => endConnection(this.#connection))
    this.end('ERR_SSE_SHUTDOWN', { farewell: encodeFarewell(retry), abrupt })
  }

  cut(code: SseCloseCode, cause?: unknown): void {
    this.#writer.cut()
    this.#over(code, cause)
  }

  /**
   * Called when the response has finished or its connection has closed. If it had not ended, the client has
   * disconnected.
   */
  onResponseClose(): void {
    if (this.finished) return
    this.finished = true
    this.#over('ERR_SSE_CLIENT_CLOSED')
    this.#writer.stop()
    wheel.delete(this)
    for (const set of this.#sets) set.delete(this)
    const listeners = this.#finishListeners
    this.#sets = NONE
    this.#finishListeners = NONE
    for (const listener of listeners) listener()
  }

  /** Called when `end()` of the response is called. If other code calls it, pending events are sent first. */
  onEnd(): void {
    if (this.#writer.ended) return
    this.#writer.writeRest()
    this.onWriteFailed(endedByOthers())
  }

  keepIn(set: Set<StreamPort>): void {
    if (this.finished) return
    set.add(this)
    // Use concat: push() and a spread reserve room for sixteen more elements.
    this.#sets = this.#sets.concat(set)
  }

  whenFinished(listener: () => void): void {
    if (this.finished) listener()
    else this.#finishListeners = this.#finishListeners.concat(listener)
  }

  onRoom(): void {
    this.#room?.settle(true)
    this.#owner?.onRoom()
  }

  onWriteFailed(cause: unknown): void {
    this.#over('ERR_SSE_WRITE_FAILED', cause)
  }

  wake(until: number): number {
    if (this.reason !== undefined) return this.#linger(until)
    if (this.#writer.stalledFor(until) >= this.options.stallTimeout) {
      this.cut('ERR_SSE_SLOW_CLIENT')
      return Number.POSITIVE_INFINITY
    }
    if (until >= this.#expires) {
      this.end('ERR_SSE_MAX_AGE')
      return until + LINGER
    }
    if (this.#poll !== undefined && until >= this.#poll.due) {
      const farewell = this.#owner === undefined ? '' : this.#owner.onWait()
      if (farewell !== undefined || this.#poll.isOverdue(until)) {
        this.endPoll(farewell)
        return until + LINGER
      }
    }
    // A client that does not read has pending bytes, so it needs no bookmark and no keep-alive.
    const full = this.#writer.full
    const text = full ? '' : (this.#owner?.onWake() ?? '')
    if (text !== '') this.#write(text)
    const pause = this.#keepAlivePause()
    if (this.#lastWrite + pause > until) return this.#nextDue(this.#lastWrite + pause, until)
    if (!full) this.#write(this.#keepAliveText())
    this.#lastWrite = wheel.now
    return this.#nextDue(this.#lastWrite + pause, until)
  }

  #onSent(poll: Poll, text: string): void {
    if (this.#owner !== undefined || !poll.onSent(text, clock.now()) || this.#headPending) return
    wheel.delete(this)
    wheel.add(this, poll.due)
  }

  #write(text: string, now?: boolean, passage?: Passage): boolean {
    if (this.#poll?.takes(text) === false) {
      this.endPoll()
      return false
    }
    // With a heartbeat, other events do not count, because a page may not listen for them.
    if (this.options.heartbeat === false) this.#lastWrite = wheel.now
    return this.#writer.write(text, now, passage)
  }

  #keepAliveText(): string {
    const { heartbeat } = this.options
    return heartbeat === false ? EMPTY_COMMENT : encodeEvent({ event: heartbeat, data: '' })
  }

  /** An ended response stays open while its client reads, and is cut when the client stops reading. */
  #linger(now: number): number {
    if (this.#writer.stalledFor(now) >= LINGER) this.#writer.cut()
    return now + LINGER
  }

  /**
   * The pause before a keep-alive, shortened by up to an eighth at random, so that streams that became idle together do
   * not all wake in one turn.
   */
  #keepAlivePause(): number {
    return this.options.keepAlive * (1 - Math.random() / 8)
  }

  #nextDue(comment: number, now: number): number {
    const due = Math.min(comment, this.#expires, now + this.options.stallTimeout)
    return this.#poll === undefined ? due : Math.min(due, this.#poll.due)
  }

  #over(code: SseCloseCode, cause?: unknown): void {
    if (this.reason !== undefined) return
    this.reason = closeReason(code, cause)
    wheel.delete(this)
    this.#room?.settle(false)
    this.#owner?.onOver(code)
    if (!this.#headPending) this.#abort()
    else {
      // The caller has just received a stream that has already ended, and could not listen to the signal yet.
      clock.nextTick(() => {
        this.#headPending = false
        this.#abort()
      })
    }
  }

  #abort(): void {
    if (this.#controller === undefined || this.reason === undefined) return
    inNoContext(() => this.#controller?.abort(this.reason))
  }
}
