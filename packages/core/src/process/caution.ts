/**
 * A `retry` below this many ms is warned about. A client waits that long after every end of a stream, so one whose
 * stream keeps failing would reconnect more than ten times a second.
 */
const SHORT_RETRY = 100

const warned = new Set<string>()

/** Warns about values that are allowed but rarely intended, once per process for each kind. */
export function caution({ event, retry }: { event?: string | undefined; retry?: number | undefined }): void {
  if (event === 'open' || event === 'error') {
    warnOnce(
      'SSE_EVENT_NAME',
      `An event named "${event}" is also given to the page's listeners for EventSource's own ${event} event. Choose another name.`,
    )
  }
  if (retry !== undefined && retry < SHORT_RETRY) {
    warnOnce(
      'SSE_HASTY_RETRY',
      `With a retry below ${SHORT_RETRY} ms a browser reconnects almost without a pause. Use a longer one; the default is 3000.`,
    )
  }
}

/** Warns about a source that yields an encoded event stream, once per process. */
export function cautionFramed(): void {
  warnOnce(
    'SSE_FRAMED_TWICE',
    'A source yields text that is already an event stream, so each piece is sent as the data of another event. ' +
      'Pass the Response itself: sse(response), or what parseEventStream(body) yields.',
  )
}

/** Emits a process warning, once for each message. `node --disable-warning=CODE` suppresses it. */
export function warnOnce(code: string, message: string): void {
  if (warned.has(message)) return
  warned.add(message)
  process.emitWarning(message, { type: 'SseWarning', code })
}
