import { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Target } from './writer.ts'

/** A chunk of a chunked body, and how it is encoded. */
export interface ChunkFrame {
  readonly text: string
  readonly chunk: string
  /** What is all ASCII is the same in Latin-1, which needs no look at each character. */
  readonly encoding: 'utf8' | 'latin1'
}

let last: ChunkFrame | undefined

/**
 * "chunk = chunk-size CRLF chunk-data CRLF" (RFC 9112, chunked transfer coding), the size in bytes and hexadecimal.
 * Streams that are at the same place are written to one after the other, with the same string: it is framed once.
 */
export function chunkFrame(text: string): ChunkFrame {
  if (last?.text === text) return last
  const bytes = Buffer.byteLength(text)
  const encoding = bytes === text.length ? 'latin1' : 'utf8'
  last = { text, chunk: `${bytes.toString(16)}\r\n${text}\r\n`, encoding }
  return last
}

/**
 * The socket of an HTTP/1.1 response, when chunks can be written to it past the response: one write instead of the
 * three of `res.write`, whose price is most of what an event costs. Undefined whenever anything else may have a say:
 * somebody patched `write` (compression, loggers), the body is not chunked (HTTP/1.0), the response waits for its turn
 * (pipelining), is corked, or holds bytes back that come first.
 *
 * The head must have been flushed. What it finds holds until somebody ends the response.
 */
export function directSocket(target: Target): Socket | undefined {
  if (!(target instanceof ServerResponse)) return undefined
  const { socket } = target
  const safe =
    socket !== null &&
    target.write === ServerResponse.prototype.write &&
    target.chunkedEncoding &&
    !target.writableEnded &&
    target.writableCorked === 0 &&
    // Otherwise the response itself holds some of it.
    target.writableLength === socket.writableLength &&
    socket.writable
  return safe ? socket : undefined
}
