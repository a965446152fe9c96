import { OutgoingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { clock } from '../process/clock.ts'
import type { Target } from './exchange.ts'

/** One chunk of a chunked body, and its encoding. */
export interface ChunkFrame {
  readonly text: string
  readonly isBytes: boolean
  readonly chunk: string
  readonly bytes: number
  /** ASCII text is the same in Latin-1, which Node writes without examining each character. */
  readonly encoding: 'utf8' | 'latin1'
}

let last: ChunkFrame | undefined

/**
 * "chunk = chunk-size CRLF chunk-data CRLF" (RFC 9112, chunked transfer coding), the size in bytes and hexadecimal.
 * Streams at the same position are written one after the other with the same string, so the last frame is reused.
 *
 * @param isBytes - each character is already a byte
 */
export function chunkFrame(text: string, isBytes = false): ChunkFrame {
  if (last?.text === text && last.isBytes === isBytes) return last
  const bytes = isBytes ? text.length : Buffer.byteLength(text)
  const encoding = bytes === text.length ? 'latin1' : 'utf8'
  // Forget it after this turn: a large event would otherwise be held until the next broadcast.
  if (last === undefined) clock.setImmediate(forget)
  last = { text, isBytes, chunk: `${bytes.toString(16)}\r\n${text}\r\n`, bytes, encoding }
  return last
}

function forget(): void {
  last = undefined
}

/** Node's own write(), identified by its source. Undefined if an agent replaced it before this module was loaded. */
const { write } = OutgoingMessage.prototype
const NODES_WRITE = write.toString().includes(' = write_(this, chunk, encoding, ') ? write : undefined

/**
 * The socket of an HTTP/1.1 response, if a chunk can be written to it directly. That takes one write instead of the
 * three of `res.write`, which are most of the cost of an event. Undefined if any other code is involved: `write` of
 * this response or of its class is patched (compression, loggers, agents), the body is not chunked (HTTP/1.0), the
 * response waits for its turn (pipelining), has ended, is corked, or buffers bytes that must go first.
 *
 * The headers must have been flushed.
 *
 * @param known - the socket that was found before. Then it checks only what other code may have changed since.
 */
export function directSocket(target: Target, known?: Socket): Socket | undefined {
  if (known !== undefined) return known.writable && isUnchanged(target as ServerResponse) ? known : undefined
  if (!(target instanceof ServerResponse) || target.write !== NODES_WRITE || target.writableEnded)
    return undefined
  const { socket } = target
  const safe =
    socket !== null &&
    target.chunkedEncoding &&
    target.writableCorked === 0 &&
    // Otherwise the response itself still buffers some bytes.
    target.writableLength === socket.writableLength &&
    socket.writable
  return safe ? socket : undefined
}

/**
 * Whether `write` was not patched and the response has not ended. Each Express response has a hidden class of its own,
 * and V8 looks up what such objects inherit at every read: with thousands of them, that takes longer than the rest of an
 * event. So it reads from the prototype, which all of them share, and own properties.
 */
function isUnchanged(target: ServerResponse): boolean {
  const isPatched = Object.hasOwn(target, 'write') || Object.getPrototypeOf(target).write !== NODES_WRITE
  return !isPatched && !target.finished
}
