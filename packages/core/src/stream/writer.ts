import type { EventEmitter } from 'node:events'
import { constants } from 'node:http2'
import type { Socket } from 'node:net'
import { chunkFrame, directSocket } from './direct-socket.ts'

/** Where the bytes go: an HTTP/1 or HTTP/2 response, or a stream that something else reads. */
export interface Target extends EventEmitter {
  write(text: string): boolean
  end(): unknown
  destroy(): unknown
  readonly writableLength: number
  readonly writableEnded: boolean
  /** HTTP/2 only. */
  readonly stream?: { close(code: number): void }
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
 * The only one who writes to a response. What is written in one tick leaves in one write; what is written before the target
 * is known waits for it.
 */
export class Writer {
  readonly #owner: WriterOwner
  #target: Target | undefined
  #pending = ''
  #written = 0
  #scheduled = false
  #ended = false
  #discarded = false
  /** The target's last write found no room and no drain came since. */
  #blocked = false
  #roomScheduled = false
  /** Where chunks go past the target, once that was found to be safe and until somebody ends the target. */
  #socket: Socket | undefined
  /** The target is blocked, or has had its share of this turn of the event loop. */
  full = false

  constructor(owner: WriterOwner) {
    this.#owner = owner
  }

  /** Characters and bytes not yet taken by the operating system. */
  get bufferedBytes(): number {
    return this.#pending.length + (this.#target?.writableLength ?? 0)
  }

  /** How much of all that was written the client's side has taken: it grows as long as the client reads. */
  get taken(): number {
    return this.#written - this.bufferedBytes
  }

  /** The error that it is when other code has ended the target. */
  get endedByOthers(): Error | undefined {
    if (this.#ended || !this.#target?.writableEnded) return undefined
    return new Error('The response was ended by other code.')
  }

  /**
   * Returns whether there is room for more.
   *
   * @param now - at once instead of at the end of the tick: more is not to be expected
   */
  write(text: string, now = false): boolean {
    this.#pending += text
    this.#written += text.length
    if (now && this.#pending.length < FLUSH_LENGTH) {
      this.#flush()
    } else if (this.#pending.length >= FLUSH_LENGTH) {
      this.#flush()
      if (this.#target !== undefined) this.#roomNextTurn()
    } else if (!this.#scheduled) {
      this.#scheduled = true
      process.nextTick(flushAtEndOfTick, this)
    }
    return !this.full
  }

  /** Gives the writer its target; `opening` goes in front of what waits, and leaves now. */
  start(target: Target, opening: string): void {
    this.#target = target
    if (this.#discarded) {
      cut(target)
      return
    }
    this.full = false
    this.#pending = opening + this.#pending
    if (this.#ended) this.end()
    else {
      // The head alone: with a first chunk it would be four writes in one, and Node would hold the head in the thirty
      // pieces that it was put together from, half a kilobyte more for each open stream.
      target.flushHeaders?.()
      this.#flush()
    }
    if (!this.full) this.#owner.onRoom()
  }

  /** Writes what waits and `farewell`, then ends the target. */
  end(farewell = ''): void {
    this.#ended = true
    this.#pending += farewell
    const target = this.#target
    if (target === undefined || target.writableEnded) return
    const rest = this.#pending
    this.#pending = ''
    try {
      if (rest !== '') target.write(rest)
      target.end()
    } catch (cause) {
      this.#fail(target, cause)
    }
  }

  /** Somebody has ended the target: a chunk behind its last one would be taken for another response. */
  onTargetEnd(): void {
    this.#socket = undefined
  }

  /** Gives up what waits; nothing is written from here on. */
  discard(): void {
    this.#pending = ''
    this.#ended = true
    this.#discarded = true
  }

  /** Gives up what waits and cuts the connection (HTTP/2: resets the stream). */
  destroy(): void {
    this.discard()
    if (this.#target !== undefined) cut(this.#target)
  }

  /** @internal */
  flush(): void {
    this.#scheduled = false
    this.#flush()
  }

  /** @internal */
  room(): void {
    this.#roomScheduled = false
    if (this.#blocked) return
    this.full = false
    this.#owner.onRoom()
  }

  #flush(): void {
    if (this.#ended || this.#pending === '') return
    const target = this.#target
    if (target === undefined) {
      this.full = this.#pending.length >= FLUSH_LENGTH
      return
    }
    const text = this.#pending
    this.#pending = ''
    try {
      const socket = this.#socket?.writable ? this.#socket : this.#findSocket(target)
      if (socket === undefined) {
        // A patched write() may return nothing; only false says that there is no room.
        const blocked = target.write(text) === false
        if (blocked) this.#awaitDrain(target)
        target.flush?.()
      } else {
        const { chunk, encoding } = chunkFrame(text)
        // Node tells the response of a 'drain' only when it was the response that found no room.
        if (!socket.write(chunk, encoding)) this.#awaitDrain(socket)
      }
      if (this.#blocked) this.full = true
    } catch (cause) {
      this.#fail(target, cause)
    }
  }

  /**
   * Remembered, because to read a property of an Express response takes long: each has a shape of its own, and finding
   * out for each event was a quarter of what the event cost.
   */
  #findSocket(target: Target): Socket | undefined {
    // A write after somebody else's end() would be an 'error' event out of nowhere.
    const { endedByOthers } = this
    if (endedByOthers !== undefined) throw endedByOthers
    this.#socket = directSocket(target)
    return this.#socket
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
    setImmediate(roomAtNextTurn, this)
  }

  #fail(target: Target, cause: unknown): void {
    this.#owner.onWriteFailed(cause)
    // Who ended it lets it run out; otherwise the client would wait for ever.
    if (!target.writableEnded) cut(target)
  }
}

/** An HTTP/2 stream that is merely destroyed leaves its session open as long as the client does not read. */
function cut(target: Target): void {
  if (target.stream === undefined) target.destroy()
  else target.stream.close(constants.NGHTTP2_CANCEL)
}

function flushAtEndOfTick(writer: Writer): void {
  writer.flush()
}

function roomAtNextTurn(writer: Writer): void {
  writer.room()
}
