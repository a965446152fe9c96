import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { clock } from '../process/clock.ts'
import { EMPTY_COMMENT } from '../wire/encode.ts'
import type { ResponseCoder } from './compression/response-coder.ts'
import type { Passage } from './compression/shared-text.ts'
import { chunkFrame, directSocket } from './direct-socket.ts'
import { cut, cutsAfterWrite, type Target } from './exchange.ts'

/** The stream that owns a writer. */
export interface WriterOwner {
  /** Whether the end of the body will be cut off. */
  readonly endsAbruptly: boolean
  /** Called when there is room again after `write` returned false. */
  onRoom(): void
  /** Called when nothing more can be written. */
  onWriteFailed(cause: unknown): void
}

/** Pending text of this length is written before the end of the tick. */
const FLUSH_LENGTH = 16_384

/**
 * The only code that writes to a response. Text of one tick is sent with one write. Text that is written before the
 * target is known waits for it.
 */
export class Writer {
  readonly #owner: WriterOwner
  #target: Target | undefined
  #pending = ''
  /** Compresses the text; undefined if it is sent as it is. */
  #coder: ResponseCoder | undefined
  /** Output of the coder that comes before the pending text. */
  #coded = ''
  /** Bytes passed to the target, including chunk frames, as `writableLength` counts them. */
  written = 0
  /** This writer has ended the target, or will. */
  ended = false
  #scheduled = false
  #stopped = false
  /** The target's last write found no room, and 'drain' was not emitted since. */
  #blocked = false
  #roomScheduled = false
  /** When the client was last seen reading, how much it had read in total, and whether more was waiting for it. */
  #tookAt = 0
  #taken = 0
  #waited = false
  /** The socket to which the last text was written directly. */
  #socket: Socket | undefined
  /** The target is blocked, or has received its share of this turn of the event loop. */
  full = false

  constructor(owner: WriterOwner) {
    this.#owner = owner
  }

  /** Characters and bytes that the operating system has not accepted yet. */
  get bufferedBytes(): number {
    return this.#coded.length + this.#pending.length + (this.#target?.writableLength ?? 0)
  }

  /** Whether events of a hub are compressed once for all streams. */
  get sharesText(): boolean {
    return this.#coder?.shares === true
  }

  /** For how many ms the client has read nothing although data, or the end, is pending. Checked from time to time. */
  stalledFor(now: number): number {
    // The amount that the operating system has accepted grows as long as the client reads.
    const taken = this.written - (this.#target?.writableLength ?? 0)
    if (taken > this.#taken || !this.#waited) this.#tookAt = now
    this.#taken = taken
    this.#waited = this.ended || this.bufferedBytes > 0
    return now - this.#tookAt
  }

  /**
   * Returns whether there is room for more.
   *
   * @param now - write at once instead of at the end of the tick: for a broadcast, after which no more text is expected
   * @param passage - the same text, if other streams receive it as well
   */
  write(text: string, now = false, passage?: Passage): boolean {
    if (passage === undefined || this.#coder === undefined) this.#pending += text
    else {
      this.#code()
      this.#coded += this.#coder.encodePassage(passage)
    }
    if (this.#coded.length + this.#pending.length >= FLUSH_LENGTH) {
      this.flush()
      if (this.#target !== undefined) this.#roomNextTurn()
    } else if (now) {
      this.flush()
    } else if (!this.#scheduled) {
      this.#scheduled = true
      clock.nextTick(flush, this)
    }
    return !this.full
  }

  /**
   * Sets the target of the writer. `opening` is sent now, before the pending text.
   *
   * @param coder - compresses what is written
   */
  start(target: Target, opening: string, coder?: ResponseCoder): void {
    this.#target = target
    this.#coder = coder
    if (this.#stopped) {
      cut(target)
      return
    }
    this.full = false
    this.#pending = opening + this.#pending
    if (this.ended) this.end()
    else {
      // Flush the headers alone. If a first chunk followed in the same write, Node would keep the thirty pieces from
      // which it built the headers: half a kilobyte more for each open stream.
      target.flushHeaders?.()
      this.flush()
    }
    if (!this.full) this.#owner.onRoom()
  }

  /** Writes the pending text and `farewell`, then ends the target. */
  end(farewell = ''): void {
    this.ended = true
    this.#waited = false
    this.#pending += farewell
    this.#writeRest((target) => target.end())
  }

  /** The end of compressed text, otherwise an empty comment: what is written last before an abrupt end. */
  get lastBytes(): string | Buffer {
    return this.#chunk(this.#coder?.end() || EMPTY_COMMENT)
  }

  /** Writes the pending text, because other code is about to end the target. */
  writeRest(): void {
    this.#writeRest(() => {})
  }

  /** Drops the pending text. The target is ended nevertheless, because middleware saves or logs at its end. */
  stop(): void {
    this.#drop()
    try {
      if (this.#target?.writableEnded === false) this.#target.end()
    } catch {
      // The client has disconnected, so a failure does not matter.
    }
  }

  /** Drops the pending text and cuts the connection (HTTP/2: resets the stream). */
  cut(): void {
    this.#drop()
    if (this.#target !== undefined) cut(this.#target)
  }

  /** Writes the pending text now. */
  flush(): void {
    this.#scheduled = false
    if (this.ended || (this.#pending === '' && this.#coded === '')) return
    const target = this.#target
    if (target === undefined) {
      this.full = this.#pending.length >= FLUSH_LENGTH
      return
    }
    const text = this.#take()
    try {
      this.#socket = directSocket(target, this.#socket)
      if (this.#socket === undefined) this.#writeTo(target, text)
      else this.#writeDirectly(this.#socket, text)
      if (this.#blocked) this.full = true
    } catch (cause) {
      this.#fail(target, cause)
    }
  }

  /** @internal */
  room(): void {
    this.#roomScheduled = false
    if (this.#blocked) return
    this.full = false
    this.#owner.onRoom()
  }

  /** Writes the pending text and the end of compressed text at once. */
  #writeRest(andThen: (target: Target) => void): void {
    const target = this.#target
    if (target === undefined || target.writableEnded) return
    const isLastWrite = !this.#owner.endsAbruptly || !cutsAfterWrite(target)
    const rest = this.#take() + ((isLastWrite && this.#coder?.end()) || '')
    try {
      if (rest !== '') {
        this.#count(target, rest)
        target.write(this.#chunk(rest))
      }
      andThen(target)
    } catch (cause) {
      this.#fail(target, cause)
    }
  }

  #writeTo(target: Target, text: string): void {
    // A write after other code has called end() would emit an unexpected 'error'.
    if (target.writableEnded) throw endedByOthers()
    this.#count(target, text)
    // A patched write() may return nothing; only false means that there is no room.
    if (target.write(this.#chunk(text)) === false) this.#awaitDrain(target)
    target.flush?.()
  }

  #count(target: Target, text: string): void {
    const bytes = this.#coder === undefined ? Buffer.byteLength(text) : text.length
    this.written += target.chunkedEncoding ? framedBytes(bytes) : bytes
  }

  #writeDirectly(socket: Socket, text: string): void {
    const { chunk, bytes, encoding } = chunkFrame(text, this.#coder !== undefined)
    this.written += framedBytes(bytes)
    // Node emits 'drain' on the response only if the response itself found no room, so listen on the socket.
    if (!socket.write(chunk, encoding)) this.#awaitDrain(socket)
  }

  /** The pending data, as it is sent to the target. */
  #take(): string {
    this.#code()
    const text = this.#coder === undefined ? this.#pending : this.#coded
    this.#pending = ''
    this.#coded = ''
    return text
  }

  /** Drops the pending text. Nothing is written after that. */
  #drop(): void {
    this.#pending = ''
    this.#coded = ''
    this.ended = true
    this.#stopped = true
  }

  #code(): void {
    if (this.#coder === undefined || this.#pending === '') return
    this.#coded += this.#coder.encode(this.#pending)
    this.#pending = ''
  }

  /** Other code that wraps write() may take any string for text, so bytes are passed as a Buffer. */
  #chunk(text: string): string | Buffer {
    return this.#coder === undefined ? text : Buffer.from(text, 'latin1')
  }

  /** The listener is added only when needed: most streams never wait for a drain. */
  #awaitDrain(emitter: EventEmitter): void {
    if (this.#blocked) return
    this.#blocked = true
    emitter.once('drain', () => {
      this.#blocked = false
      if (this.full) this.#roomNextTurn()
    })
  }

  /**
   * There is no room before the next turn, even if the target accepts more. Otherwise a client that reads as fast as
   * its source yields would block the event loop, because neither promises nor 'drain' yield to I/O.
   */
  #roomNextTurn(): void {
    this.full = true
    if (this.#roomScheduled) return
    this.#roomScheduled = true
    clock.setImmediate(room, this)
  }

  #fail(target: Target, cause: unknown): void {
    this.#owner.onWriteFailed(cause)
    // If end() was called, buffered text is still sent. Otherwise cut, or the client would wait forever.
    if (!target.writableEnded) cut(target)
  }
}

export function endedByOthers(): Error {
  return new Error('The response was ended by other code.')
}

/** The bytes of a chunk with its hexadecimal size and two line ends. */
function framedBytes(bytes: number): number {
  return bytes + 4 + ((35 - Math.clz32(bytes)) >> 2)
}

const flush = (writer: Writer): void => writer.flush()
const room = (writer: Writer): void => writer.room()
