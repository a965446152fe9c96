/**
 * A stable string that says what went wrong: match on it, never on the message. docs/errors.md has a heading for each
 * code.
 *
 * The codes of the first group are thrown, or reject a promise. Those of the second group appear only in
 * `stream.reason` and say why a stream ended: a client that disconnects is not an error.
 */
export type SseErrorCode =
  | 'ERR_SSE_INVALID_EVENT'
  | 'ERR_SSE_INVALID_EVENT_NAME'
  | 'ERR_SSE_INVALID_ID'
  | 'ERR_SSE_INVALID_RETRY'
  | 'ERR_SSE_INVALID_COMMENT'
  | 'ERR_SSE_INVALID_DATA'
  | 'ERR_SSE_INVALID_OPTION'
  | 'ERR_SSE_INVALID_SOURCE'
  | 'ERR_SSE_ALREADY_OPEN'
  | 'ERR_SSE_HEADERS_SENT'
  | 'ERR_SSE_INVALID_CHANNEL'
  | 'ERR_SSE_ALREADY_SUBSCRIBED'
  | 'ERR_SSE_HUB_CLOSED'
  | 'ERR_SSE_LOG_CLOSED'
  | 'ERR_SSE_SNAPSHOT_TIMEOUT'
  | 'ERR_SSE_LOG_BUSY'
  | 'ERR_SSE_LOG_REFUSED'
  | 'ERR_SSE_LOG_UNAVAILABLE'
  | 'ERR_SSE_INVALID_RUN_ID'
  | 'ERR_SSE_RUNS_CLOSED'
  | 'ERR_SSE_TOO_MANY_RUNS'
  | 'ERR_SSE_RUNS_UNAVAILABLE'
  | 'ERR_SSE_EVENT_TOO_LARGE'
  | 'ERR_SSE_RUN_STOPPED'
  | 'ERR_SSE_RUN_LOST'
  | SseCloseCode

/** Why a stream ended: the `code` of `stream.reason`. */
export type SseCloseCode =
  | 'ERR_SSE_CLIENT_CLOSED'
  | 'ERR_SSE_CLOSED'
  | 'ERR_SSE_SLOW_CLIENT'
  | 'ERR_SSE_MAX_AGE'
  | 'ERR_SSE_SHUTDOWN'
  | 'ERR_SSE_SOURCE_FAILED'
  | 'ERR_SSE_WRITE_FAILED'
  | 'ERR_SSE_REFUSED'

/** The one error class of this library. `code` is stable; `message` says what to do; `cause` is the underlying error. */
export class SseError extends Error {
  readonly code: SseErrorCode

  constructor(code: SseErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SseError'
    this.code = code
  }
}

/** Reports an error that no caller can receive, as a process warning. */
export function warn(error: unknown): void {
  try {
    process.emitWarning(error as Error)
  } catch {
    // emitWarning() accepts only strings and errors of its own realm.
    process.emitWarning(String(error))
  }
}
