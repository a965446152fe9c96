/**
 * One event, with the field names of the standard's event stream: data and its fields, or a `retry` or a `comment`
 * alone.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export type ServerSentEvent<T = unknown> = EventWithData<T> | RetryAlone | CommentAlone

/** An event that the page receives. */
export interface EventWithData<T = unknown> {
  /** The event's type, which the page passes to `addEventListener`. Default: `message`. No CR, LF or NUL. */
  event?: string | undefined
  /**
   * The value that the page receives as `event.data`. A string is sent as it is (each line in its own `data` field).
   * Anything else is sent as the text that the stream's `serialize` returns, by default JSON. Required: clients drop an
   * event without data.
   */
  data: T
  /**
   * The client's last event ID from now on. The client sends it as `Last-Event-ID` when it reconnects. `''` resets it.
   * Printable ASCII without a blank at either end, at most 256 characters, so that it fits that header.
   */
  id?: string | number | undefined
  /**
   * Reconnection time in ms, an integer from 0 to 2147483647. Alone (`{ retry: 2000 }`) it takes effect at once and the
   * page receives nothing. With 0, Chromium reconnects without any pause.
   */
  retry?: number | undefined
  /** Text that clients ignore, sent before the event, or alone. */
  comment?: string | undefined
}

/** Sets the client's reconnection time. The page receives nothing. */
interface RetryAlone {
  retry: number
  comment?: string | undefined
  event?: undefined
  data?: undefined
  id?: undefined
}

/** Text that clients ignore. The page receives nothing. */
interface CommentAlone {
  comment: string
  retry?: number | undefined
  event?: undefined
  data?: undefined
  id?: undefined
}
