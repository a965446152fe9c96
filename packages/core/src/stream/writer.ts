import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { clock } from '../process/clock.ts'
import type { ResponseCoder } from './compression/response-coder.ts'
import type { Passage } from './compression/shared-text.ts'
import { chunkFrame, directSocket } from './direct-socket.ts'
import { cut } from './exchange.ts'

/** Where the bytes go: an HTTP/1 or HTTP/2 response, or a stream that something else reads. */
export interface Target extends EventEmitter {
  write(chunk: string | Buffer): boolean
  end(): unknown
  destroy(): unknown
  readonly writableLength: number
  readonly writableEnded: boolean
  /** HTTP/1 only. */
  readonly chunkedEncoding?: boolean
  /** HTTP only. */
  flushHeaders?: () => void
  /** compression() adds it; without the call it holds events back. */
  flush?: () => void
}

/** What a writer tells the stream that owns it. */
export interface WriterOwner {
  /** There is room again after `write` said there was none. */
  onRoom(): void
  /** Nothing can be written any more. */
  onWriteFailed(cause: unknown): void
}

/** Text that waits for the end of the tick is written earlier once it is this long. */
const FLUSH_LENGTH = 16_384

/**
 * The only code that writes to a response. Text of one tick leaves in one write; what is written before the
 * target is known waits for it.
 */
export class Writer {
  readonly #owner: WriterOwner
  #target: Target | undefined
  #pending = ''
  /** Makes bytes of text; undefined where that is all the same. */
  #coder: ResponseCoder | undefined
  /** What its coder has made already, before what is pending. */
  #coded = ''
  /** Bytes handed to the target, chunk frames included: those that `writableLength` counts. */
  #written = 0
  #scheduled = false
  #ended = false
  #stopped = false
  /** The target's last write found no room and no drain came since. */
  #blocked = false
  #roomScheduled = false
  /** When the client was last seen taking something; how much it had taken in all, and whether more waited for it. */
  #tookAt = 0
  #taken = 0
  #waited = false
  /** Where it last was written past the target. */
  #socket: Socket | undefined
  /** The target is blocked, or has had its share of this turn of the event loop. */
  full = false

  constructor(owner: WriterOwner) {
    this.#owner = owner
  }

  /** Characters and bytes not yet taken by the operating system. */
  get bufferedBytes(): number {
    return this.#coded.length + this.#pending.length + (this.#target?.writableLength ?? 0)
  }

  /** Whether events of a hub are compressed once for all streams. */
  get sharesText(): boolean {
    return this.#coder?.shares === true
  }

  /** How many bytes were written, chunk frames included. */
  get written(): number {
    return this.#written
  }

  /** For how many ms the client has taken nothing of what waits for it; an end waits, too. Asked now and then. */
  stalledFor(now: number): number {
    // What the operating system has taken grows as long as the client reads.
    const taken = this.#written - (this.#target?.writableLength ?? 0)
    if (taken > this.#taken || !this.#waited) this.#tookAt = now
    this.#taken = taken
    this.#waited = this.#ended || this.bufferedBytes > 0
    return now - this.#tookAt
  }

  /** Whether this writer has ended the target, or will. */
  get ended(): boolean {
    return this.#ended
  }

  /**
   * Returns whether there is room for more.
   *
   * @param now - at once instead of at the end of the tick: a broadcast, more is not to be expected
   * @param passage - the same text, where others get it as well
   */
  write(text: string, now = false, passage?: Passage): boolean {
    if (passage === undefined || this.#coder === undefined) this.#pending += text
    else {
      this.#code()
      this.#coded += this.#coder.encodePassage(passage)
    }
    if (this.#coded.length + this.#pending.length >= FLUSH_LENGTH) {
      this.#flush()
      if (this.#target !== undefined) this.#roomNextTurn()
    } else if (now) {
      this.#flush()
    } else if (!this.#scheduled) {
      this.#scheduled = true
      clock.nextTick(flush, this)
    }
    return !this.full
  }

  /**
   * Gives the writer its target; `opening` is sent now, before the text that waits.
   *
   * @param coder - what is written is compressed
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
    if (this.#ended) this.end()
    else {
      // The headers alone: with a first chunk it would be four writes in one, and Node would keep the headers in the thirty
      // pieces that it was put together from, half a kilobyte more for each open stream.
      target.flushHeaders?.()
      this.flush()
    }
    if (!this.full) this.#owner.onRoom()
  }

  /** Writes what waits and `farewell`, then ends the target. */
  end(farewell = ''): void {
    this.#ended = true
    this.#waited = false
    this.#pending += farewell
    const target = this.#target
    if (target === undefined || target.writableEnded) return
    const rest = this.#take() + (this.#coder?.end() ?? '')
    try {
      if (rest !== '') {
        this.#count(target, rest)
        target.write(this.#chunk(rest))
      }
      target.end()
    } catch (cause) {
      this.#fail(target, cause)
    }
  }

  /** Gives up what waits; nothing is written from here on. The target is ended: middleware saves or logs then. */
  stop(): void {
    this.#drop()
    this.#ended = true
    this.#stopped = true
    try {
      if (this.#target?.writableEnded === false) this.#target.end()
    } catch {
      // Nobody reads it any more.
    }
  }

  /** Gives up what waits and cuts the connection (HTTP/2: resets the stream). */
  cut(): void {
    this.#drop()
    this.#ended = true
    this.#stopped = true
    if (this.#target !== undefined) cut(this.#target)
  }

  /** Writes what waits now. */
  flush(): void {
    this.#scheduled = false
    this.#flush()
  }

  /** Writes what waits and what ends it, since other code is about to end the target. */
  finish(): void {
    this.flush()
    const target = this.#target
    const rest = this.#coder?.end() ?? ''
    if (rest !== '' && target?.writableEnded === false) target.write(this.#chunk(rest))
  }

  /** @internal */
  room(): void {
    this.#roomScheduled = false
    if (this.#blocked) return
    this.full = false
    this.#owner.onRoom()
  }

  #flush(): void {
    if (this.#ended || (this.#pending === '' && this.#coded === '')) return
    const target = this.#target
    if (target === undefined) {
      this.full = this.#pending.length >= FLUSH_LENGTH
      return
    }
    const text = this.#take()
    try {
      this.#socket = directSocket(target, this.#socket)
      if (this.#socket === undefined) this.#writeTo(target, text)
      else this.#writePast(this.#socket, text)
      if (this.#blocked) this.full = true
    } catch (cause) {
      this.#fail(target, cause)
    }
  }

  #writeTo(target: Target, text: string): void {
    // A write after somebody else's end() would be an 'error' event out of nowhere.
    if (target.writableEnded) throw endedByOthers()
    this.#count(target, text)
    // A patched write() may return nothing; only false says that there is no room.
    if (target.write(this.#chunk(text)) === false) this.#awaitDrain(target)
    target.flush?.()
  }

  #count(target: Target, text: string): void {
    const bytes = this.#coder === undefined ? Buffer.byteLength(text) : text.length
    this.#written += target.chunkedEncoding ? framedBytes(bytes) : bytes
  }

  #writePast(socket: Socket, text: string): void {
    const { chunk, bytes, encoding } = chunkFrame(text, this.#coder !== undefined)
    this.#written += framedBytes(bytes)
    // Node tells the response of a 'drain' only when it was the response that found no room.
    if (!socket.write(chunk, encoding)) this.#awaitDrain(socket)
  }

  /** What waits, as it goes to the target. */
  #take(): string {
    this.#code()
    const text = this.#coder === undefined ? this.#pending : this.#coded
    this.#drop()
    return text
  }

  #drop(): void {
    this.#pending = ''
    this.#coded = ''
  }

  #code(): void {
    if (this.#coder === undefined || this.#pending === '') return
    this.#coded += this.#coder.encode(this.#pending)
    this.#pending = ''
  }

  /** Other code that has wrapped write() may take any string for text. */
  #chunk(text: string): string | Buffer {
    return this.#coder === undefined ? text : Buffer.from(text, 'latin1')
  }

  /** Most streams never have to: the others pay for the listener. */
  #awaitDrain(emitter: EventEmitter): void {
    if (this.#blocked) return
    this.#blocked = true
    emitter.once('drain', () => {
      this.#blocked = false
      if (this.full) this.#roomNextTurn()
    })
  }

  /**
   * No room before the next turn, even when the target takes more: a client that reads as fast as its source yields
   * would keep the event loop to itself, since neither promises nor 'drain' give way to I/O.
   */
  #roomNextTurn(): void {
    this.full = true
    if (this.#roomScheduled) return
    this.#roomScheduled = true
    clock.setImmediate(room, this)
  }

  #fail(target: Target, cause: unknown): void {
    this.#owner.onWriteFailed(cause)
    // Buffered text is still sent after end(); otherwise the client would wait forever.
    if (!target.writableEnded) cut(target)
  }
}

export function endedByOthers(): Error {
  return new Error('The response was ended by other code.')
}

/** The bytes of a chunk with its size, in hexadecimal, and two line ends. */
function framedBytes(bytes: number): number {
  return bytes + 4 + ((35 - Math.clz32(bytes)) >> 2)
}

const flush = (writer: Writer): void => writer.flush()
const room = (writer: Writer): void => writer.room()
