import { OutgoingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { clock } from '../process/clock.ts'
import type { Target } from './writer.ts'

/** A chunk of a chunked body, and how it is encoded. */
export interface ChunkFrame {
  readonly text: string
  readonly isBytes: boolean
  readonly chunk: string
  readonly bytes: number
  /** What is all ASCII is the same in Latin-1, which needs no look at each character. */
  readonly encoding: 'utf8' | 'latin1'
}

let last: ChunkFrame | undefined

/**
 * "chunk = chunk-size CRLF chunk-data CRLF" (RFC 9112, chunked transfer coding), the size in bytes and hexadecimal.
 * Streams that are at the same place are written to one after the other, with the same string: it is framed once.
 *
 * @param isBytes - each character is a byte already
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

/**
 * Node's own write(). By its source, because an agent may have put its own in its place before this module was loaded;
 * undefined then.
 */
const { write } = OutgoingMessage.prototype
const NODES_WRITE = write.toString().includes(' = write_(this, chunk, encoding, ') ? write : undefined

/**
 * The socket of an HTTP/1.1 response, when a chunk can be written to it past the response: one write instead of the
 * three of `res.write`, whose price is most of what an event costs. Undefined whenever anything else may have a say:
 * somebody patched `write`, of this response or of its class (compression, loggers, agents), the body is not chunked
 * (HTTP/1.0), the response waits for its turn (pipelining), has ended, is corked, or holds bytes back that come first.
 *
 * The headers must have been flushed.
 *
 * @param known - the socket that was found before: only what other code may have done since is looked at. To read a
 * property of an Express response takes long, since each has a shape of its own.
 */
export function directSocket(target: Target, known?: Socket): Socket | undefined {
  if (target.write !== NODES_WRITE || target.writableEnded) return undefined
  if (known?.writable) return known
  if (!(target instanceof ServerResponse)) return undefined
  const { socket } = target
  const safe =
    socket !== null &&
    target.chunkedEncoding &&
    target.writableCorked === 0 &&
    // Otherwise the response itself holds some of it.
    target.writableLength === socket.writableLength &&
    socket.writable
  return safe ? socket : undefined
}
