/**
 * One event, field for field as the standard's event stream has it.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export interface ServerSentEvent<T = unknown> {
  /** The event's type: what the page passes to `addEventListener`. Default: `message`. No CR, LF or NUL. */
  event?: string | undefined
  /**
   * What the page gets as `event.data`. A string is sent as it is (each line its own `data` field), anything else
   * through the stream's `serialize`, JSON by default. An event without data is never dispatched, so it is refused.
   */
  data?: T | undefined
  /**
   * The last event ID from here on: a reconnecting client sends it back as `Last-Event-ID`. `''` resets it.
   * Printable ASCII without a blank at either end, at most 256 characters, so that it survives that header.
   */
  id?: string | number | undefined
  /**
   * Reconnection time in ms, an integer from 0 to 2147483647. Alone (`{ retry: 2000 }`) it takes effect at once
   * and dispatches nothing. With 0 Chromium reconnects without any pause at all.
   */
  retry?: number | undefined
  /** Text that clients ignore; it is sent in front of the event, or alone. */
  comment?: string | undefined
}
