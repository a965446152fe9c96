import { type SseCloseCode, SseError } from '../errors.ts'
import type { EventStream } from './event-stream.ts'

const WHY: Record<SseCloseCode, string> = {
  ERR_SSE_CLIENT_CLOSED: 'The client closed the connection.',
  ERR_SSE_CLOSED: 'The stream was closed by the server.',
  ERR_SSE_SLOW_CLIENT:
    'The client left more than maxBufferedBytes unread (await send(), or raise the option), or read nothing for stallTimeout.',
  ERR_SSE_MAX_AGE: 'The stream reached its maxAge, or the time of its expiresAt.',
  ERR_SSE_SHUTDOWN: 'The server is shutting down.',
  ERR_SSE_SOURCE_FAILED: 'The source of the stream failed; see the cause.',
  ERR_SSE_WRITE_FAILED: 'The response cannot be written to; see the cause.',
  ERR_SSE_REFUSED:
    'The stream was refused: by the options limits or origin, by a limit of the hub, or by refuse().',
}

export const CLOSE_CODES = Object.keys(WHY) as SseCloseCode[]

/** The error for {@link EventStream.reason}. */
export function closeReason(code: SseCloseCode, cause: unknown): EventStream['reason'] {
  return new SseError(code, WHY[code], cause === undefined ? undefined : { cause }) as EventStream['reason']
}
