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
import { type Connection, endConnection } from './exchange.ts'
import { Poll } from './poll.ts'
import { OVER, ROOM, Room } from './room.ts'
import { COMPLETE, type Ending, type StreamOwner, type StreamPort } from './stream-port.ts'
import { endedByOthers, type Target, Writer, type WriterOwner } from './writer.ts'

/** What most streams have none of costs them nothing. */
const NONE: readonly never[] = []

/** An ended response whose client has read nothing for this many ms is cut off. */
const LINGER = 15_000

/**
 * The stream that the public EventStream stands for. `reason` is the one owner of "over": set once, and with it the signal aborts, every
 * waiting send settles and the timer wheel forgets the stream. The words for the end:
 *
 * | word | it means |
 * |---|---|
 * | close | the app ends the stream; `closed` is what it sees of "over" |
 * | end | over, and the response ends after what is buffered |
 * | abrupt | end, but the connection is cut where the body would end |
 * | cut | over, and the connection is cut; what is buffered is lost |
 * | shutdown | end, with the time after which the client reconnects; its connection is not kept |
 * | over | no more events |
 * | finished | over, and the last byte has left or the connection is closed |
 */
export class ResponsePort implements StreamPort, Sleeper, WriterOwner {
  readonly lastEventId: string
  readonly options: ResolvedOptions
  slot?: Set<Sleeper> | undefined
  reason: EventStream['reason']
  finished = false
  readonly #connection: Connection
  readonly #writer = new Writer(this)
  readonly #expires: number
  readonly #poll: Poll | undefined
  /** With a heartbeat: when the last one was written. */
  #lastWrite = wheel.now
  /** Made when somebody asks for it: ten thousand idle streams need none. */
  #controller: AbortController | undefined
  /** Made when somebody has to wait. */
  #room: Room | undefined
  #owner: StreamOwner | undefined
  /** Until its head is out. */
  #headPending = true
  #abrupt = false
  #events = 0
  #finishListeners: readonly (() => void)[] = NONE
  #sets: readonly Set<StreamPort>[] = NONE

  /**
   * @param connection - a stream that ends for a shutdown does not leave it to the next request
   * @param wait - for how many seconds a long poll waits
   */
  constructor(lastEventId: string, options: ResolvedOptions, connection?: Connection, wait?: number) {
    this.lastEventId = lastEventId
    this.options = options
    this.#connection = connection
    // Never later than asked for, as it may be what a revoked login relies on; jittered, so that streams opened
    // together do not reconnect together.
    const now = clock.now()
    this.#poll = wait === undefined ? undefined : new Poll(wait, now)
    this.#expires = Math.min(
      now + options.maxAge * (1 - Math.random() / 5),
      // By the monotonic clock: a wall clock that is set back must not prolong it.
      now + options.expiresAt - Date.now(),
    )
    // Nothing that is sent from now on may reach a client whose token has expired already.
    if (this.#expires <= now) this.end('ERR_SSE_MAX_AGE')
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (!this.#headPending) this.#abort()
    }
    return this.#controller.signal
  }

  get closed(): boolean {
    return this.reason !== undefined
  }

  /** Its response is to be cut off where other code or this one ends it. */
  get endsAbruptly(): boolean {
    return this.#abrupt && !this.finished
  }

  get sentEvents(): number {
    return this.#events
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

  /** For how many seconds the answer to a long poll may wait; undefined for a stream. */
  get wait(): number | undefined {
    return this.#poll?.wait
  }

  attach(owner: StreamOwner): void {
    this.#owner = owner
    this.#poll?.onOwner()
  }

  write(text: string, now?: boolean, passage?: Passage, events = 0): boolean {
    if (this.reason !== undefined) return false
    this.#events += events
    return this.#write(text, now, passage)
  }

  /** Writes whole events within the bound; answers as {@link EventStream.send} does. */
  send(text: string, events: number): Promise<boolean> {
    if (this.#writer.full && this.bufferedBytes > this.options.maxBufferedBytes) {
      this.cut('ERR_SSE_SLOW_CLIENT')
      return OVER
    }
    this.#events += events
    const hasRoom = this.#write(text)
    if (this.reason !== undefined) return OVER
    if (this.#poll !== undefined) this.#onSent(this.#poll, text)
    if (hasRoom) return ROOM
    this.#room ??= new Room()
    return this.#room.wait()
  }

  /** The headers are sent: starts writing. Firefox and nginx pass the headers on only with a first byte: the comment. */
  begin(target: Target, coder?: ResponseCoder, opening?: string): void {
    const start = opening ?? encodeEvent({ retry: this.options.retry }) + EMPTY_COMMENT
    this.#writer.start(target, start, coder)
    if (this.reason !== undefined) return
    this.#headPending = false
    const now = clock.now()
    wheel.add(this, this.#nextDue(now + this.#patience(), now))
    // The wheel stands still while nobody waits: its time is right only now.
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
    // Its connection may be busy with another request by now.
    if (this.finished) return
    if (this.reason === undefined) this.#owner?.flush()
    this.whenFinished(() => endConnection(this.#connection))
    this.end('ERR_SSE_SHUTDOWN', { farewell: encodeFarewell(retry), abrupt })
  }

  cut(code: SseCloseCode, cause?: unknown): void {
    this.#writer.cut()
    this.#over(code, cause)
  }

  /** The response is finished or its connection closed. If it had not been ended, the client has disconnected. */
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

  /** `end()` of the response is called. If it is other code that calls it, what was sent before goes first. */
  onEnd(): void {
    if (this.#writer.ended) return
    this.#writer.finish()
    this.onWriteFailed(endedByOthers())
  }

  keepIn(set: Set<StreamPort>): void {
    if (this.finished) return
    set.add(this)
    // Neither push() nor a spread, which make room for sixteen more.
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
      const news = this.#owner === undefined ? '' : this.#owner.onWait()
      if (news !== undefined || this.#poll.isOverdue(until)) this.endPoll(news)
      if (this.closed) return until + LINGER
    }
    // A client that does not read has bytes enough waiting for it.
    const full = this.#writer.full
    const news = full ? '' : (this.#owner?.onWake() ?? '')
    if (news !== '') this.#write(news)
    const patience = this.#patience()
    if (this.#lastWrite + patience > until) return this.#nextDue(this.#lastWrite + patience, until)
    if (!full) this.#write(this.#proofOfLife())
    this.#lastWrite = wheel.now
    return this.#nextDue(this.#lastWrite + patience, until)
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
    // A page sees a heartbeat only: other events do not take its place.
    if (this.options.heartbeat === false) this.#lastWrite = wheel.now
    return this.#writer.write(text, now, passage)
  }

  #proofOfLife(): string {
    const { heartbeat } = this.options
    return heartbeat === false ? EMPTY_COMMENT : encodeEvent({ event: heartbeat, data: '' })
  }

  /** An ended response stays open while its client reads, and is destroyed when it stops reading. */
  #linger(now: number): number {
    if (this.#writer.stalledFor(now) >= LINGER) this.#writer.cut()
    return now + LINGER
  }

  /** An eighth early at random, so that streams that fell silent together do not all wake in one turn. */
  #patience(): number {
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
      // The caller just received a stream that is over already, and has had no time to listen to the signal.
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
