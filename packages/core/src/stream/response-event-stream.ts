import { type SseCloseCode, SseError } from '../errors.ts'
import { EMPTY_COMMENT, encodeComment, encodeEvent } from '../wire/encode.ts'
import type { ServerSentEvent } from '../wire/server-sent-event.ts'
import { caution } from './caution.ts'
import { closeReason } from './close-reason.ts'
import type { EventStream } from './event-stream.ts'
import type { ResolvedOptions } from './event-stream-options.ts'
import { type Connection, endConnection } from './exchange.ts'
import { OVER, ROOM, Room } from './room.ts'
import { sendAll } from './send-all.ts'
import type { Source } from './source.ts'
import { makePorts, type StreamOwner, type StreamPort } from './stream-port.ts'
import { type Sleeper, wheel } from './timer-wheel.ts'
import { type Target, Writer, type WriterOwner } from './writer.ts'

/** What most streams have none of costs them nothing. */
const NONE: readonly never[] = []

/** An ended response whose client has read nothing for this many ms is cut off. */
const LINGER = 15_000

/**
 * The EventStream of a response. `#code` is the one owner of "over": set once, and with it the signal aborts, every
 * waiting send settles and the timer wheel forgets the stream.
 */
export class ResponseEventStream implements EventStream, StreamPort, Sleeper, WriterOwner {
  readonly lastEventId: string
  slot?: Set<Sleeper> | undefined
  readonly #options: ResolvedOptions
  readonly #connection: Connection
  readonly #writer = new Writer(this)
  readonly #expires: number
  #lastWrite = wheel.now
  #code: SseCloseCode | undefined
  #cause: unknown
  /** Made when somebody asks for it: ten thousand idle streams need none. */
  #controller: AbortController | undefined
  /** Made when somebody has to wait. */
  #room: Room | undefined
  #owner: StreamOwner | undefined
  /** Until its head is out. */
  #newborn = true
  #gone = false
  /** When the client was last seen taking something; how much it had taken in all, and whether more waited for it. */
  #tookAt = 0
  #taken = 0
  #waited = false
  #goneListeners: readonly (() => void)[] = NONE
  #sets: readonly Set<StreamPort>[] = NONE

  /** @param connection - a stream that ends for a shutdown does not leave it to the next request */
  constructor(lastEventId: string, options: ResolvedOptions, connection?: Connection) {
    this.lastEventId = lastEventId
    this.#options = options
    this.#connection = connection
    // Never later than asked for, as it may be what a revoked login relies on; jittered, so that streams opened
    // together do not come back together.
    this.#expires = performance.now() + options.maxAge * (1 - Math.random() / 5)
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#code !== undefined && !this.#newborn) this.#abort(this.#code)
    }
    return this.#controller.signal
  }

  get closed(): boolean {
    return this.#code !== undefined
  }

  get gone(): boolean {
    return this.#gone
  }

  get bufferedBytes(): number {
    return this.#writer.bufferedBytes
  }

  get ownRetry(): number {
    return this.#options.retry
  }

  get owned(): boolean {
    return this.#owner !== undefined
  }

  attach(owner: StreamOwner): void {
    this.#owner = owner
  }

  write(text: string, now?: boolean): boolean {
    if (this.#code !== undefined) return false
    this.#lastWrite = wheel.now
    return this.#writer.write(text, now)
  }

  send(event: ServerSentEvent | string, more?: unknown): Promise<boolean> {
    if (more !== undefined) {
      throw new SseError('ERR_SSE_INVALID_EVENT', 'send() takes one event: send({ event, data }).')
    }
    if (this.#code !== undefined) return OVER
    const text = encodeEvent(event, this.#options.serialize)
    if (typeof event !== 'string') caution(event)
    return this.#write(text)
  }

  sendAll(source: Source): Promise<void> {
    return sendAll(this, source)
  }

  comment(text?: string): Promise<boolean> {
    if (this.#code !== undefined) return OVER
    return this.#write(encodeComment(text))
  }

  close(): void {
    this.end('ERR_SSE_CLOSED')
  }

  /** The head is out: starts writing. The first comment makes Firefox and nginx take notice of the head at all. */
  begin(target: Target): void {
    const { retry, keepAlive } = this.#options
    this.#writer.start(target, encodeEvent({ retry }) + EMPTY_COMMENT)
    if (this.#code !== undefined) return
    this.#newborn = false
    wheel.add(this, this.#nextWake(keepAlive, performance.now()))
    // The wheel stands still while nobody waits: its time is right only now.
    this.#lastWrite = wheel.now
  }

  /** Ends the response after what is buffered and `farewell`. The first end counts. */
  end(code: SseCloseCode, farewell = '', cause?: unknown): void {
    if (this.#code !== undefined) return
    this.#writer.end(farewell)
    this.#over(code, cause)
    if (!this.#gone) wheel.add(this, this.#linger(performance.now()))
  }

  shutdown(retry: number): void {
    // Its connection may be busy with another request by now.
    if (this.#gone) return
    if (this.#code === undefined) this.#owner?.onEnding()
    // A kept connection would hold server.close() up until its idle timeout.
    this.whenGone(() => endConnection(this.#connection))
    // With the blank line that the standard does not ask for, but undici's EventSource waits for.
    this.end('ERR_SSE_SHUTDOWN', encodeEvent({ comment: '', retry }))
  }

  /** Cuts the connection; what is buffered is lost. */
  destroy(code: SseCloseCode, cause?: unknown): void {
    this.#writer.destroy()
    this.#over(code, cause)
  }

  /** The response is through, or cut off: before it was ended that means that the client is gone. */
  onGone(): void {
    if (this.#code === undefined) {
      const { endedByOthers } = this.#writer
      this.#writer.discard()
      this.#over(endedByOthers ? 'ERR_SSE_WRITE_FAILED' : 'ERR_SSE_CLIENT_CLOSED', endedByOthers)
    }
    this.#gone = true
    wheel.delete(this)
    for (const set of this.#sets) set.delete(this)
    const listeners = this.#goneListeners
    this.#sets = NONE
    this.#goneListeners = NONE
    for (const listener of listeners) listener()
  }

  /** Somebody has called `end()` on the response. */
  onResponseEnd(): void {
    this.#writer.onTargetEnd()
  }

  keepIn(set: Set<StreamPort>): void {
    if (this.#gone) return
    set.add(this)
    // Neither push() nor a spread, which make room for sixteen more.
    this.#sets = this.#sets.concat(set)
  }

  /** Calls `listener` once the last byte has left or the connection is gone: after its end. */
  whenGone(listener: () => void): void {
    if (this.#gone) listener()
    else this.#goneListeners = this.#goneListeners.concat(listener)
  }

  onRoom(): void {
    this.#room?.settle(true)
    this.#owner?.onRoom()
  }

  onWriteFailed(cause: unknown): void {
    this.#over('ERR_SSE_WRITE_FAILED', cause)
  }

  wake(now: number): number {
    if (this.#code !== undefined) return this.#linger(now)
    const { keepAlive, stallTimeout } = this.#options
    if (this.#stalledFor(now) >= stallTimeout) {
      this.destroy('ERR_SSE_SLOW_CLIENT')
      return Number.POSITIVE_INFINITY
    }
    if (now >= this.#expires) {
      this.end('ERR_SSE_MAX_AGE')
      return LINGER
    }
    // A client that does not read has bytes enough waiting for it.
    const full = this.#writer.full
    const news = full ? '' : (this.#owner?.onWake() ?? '')
    if (news !== '') this.#write(news)
    const idle = now - this.#lastWrite
    // An eighth early at random, so that streams that fell silent together do not all wake in one turn.
    const patience = keepAlive * (1 - Math.random() / 8)
    if (idle < patience) return this.#nextWake(patience - idle, now)
    if (!full) this.#write(EMPTY_COMMENT)
    this.#lastWrite = now
    return this.#nextWake(patience, now)
  }

  /** An ended response may go on for as long as its client reads at all. */
  #linger(now: number): number {
    if (this.#writer.bufferedBytes === 0) return Number.POSITIVE_INFINITY
    if (this.#stalledFor(now) >= LINGER) this.#writer.destroy()
    return LINGER
  }

  /** For how long the client has taken nothing of what waits for it. */
  #stalledFor(now: number): number {
    const { taken, bufferedBytes } = this.#writer
    if (taken > this.#taken || !this.#waited) this.#tookAt = now
    this.#taken = taken
    this.#waited = bufferedBytes > 0
    return now - this.#tookAt
  }

  #nextWake(delay: number, now: number): number {
    return Math.min(delay, this.#expires - now, this.#options.stallTimeout)
  }

  #write(text: string): Promise<boolean> {
    const writer = this.#writer
    if (writer.full && writer.bufferedBytes > this.#options.maxBufferedBytes) {
      this.destroy('ERR_SSE_SLOW_CLIENT')
      return OVER
    }
    this.#lastWrite = wheel.now
    const hasRoom = writer.write(text)
    if (this.#code !== undefined) return OVER
    if (hasRoom) return ROOM
    this.#room ??= new Room()
    return this.#room.wait()
  }

  #over(code: SseCloseCode, cause?: unknown): void {
    if (this.#code !== undefined) return
    this.#code = code
    this.#cause = cause
    wheel.delete(this)
    this.#room?.settle(false)
    this.#owner?.onOver(code)
    if (!this.#newborn) this.#abort(code)
    else {
      // Who was given a stream that is over already has had no time to listen.
      process.nextTick(() => {
        this.#newborn = false
        this.#abort(code)
      })
    }
  }

  #abort(code: SseCloseCode): void {
    this.#controller?.abort(closeReason(code, this.#cause))
  }
}

makePorts(ResponseEventStream.prototype)
