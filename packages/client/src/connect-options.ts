import type { ConnectError } from './connect-error.ts'

/** How {@link connect} behaves; none is needed. All times are in ms. */
export interface ConnectOptions {
  /** Default: GET, with a `body` POST. Any other method than GET is sent once and never repeated: see `resume`. */
  method?: string | undefined
  /** As for `fetch()`. */
  body?: RequestInit['body'] | undefined
  /**
   * Request headers. A function is called for each attempt, so that it can return a fresh token; it receives the error
   * of the attempt before, whose `status` is 401 when the token was refused.
   */
  headers?: Record<string, string> | ((error?: ConnectError) => HeadersOf | Promise<HeadersOf>) | undefined
  /** As for `fetch()`. `include` sends cookies to another origin. Default: `same-origin`. */
  credentials?: RequestInit['credentials'] | undefined
  /** The id to start after: a `hub.cursor()` that was rendered into the page. Default: none, the server decides. */
  after?: string | undefined
  /** Closes the source when it aborts. */
  signal?: AbortSignal | undefined
  /** Text of an event to its data. Default: JSON; text that is not JSON is passed on as a string. */
  parse?: ((text: string, event: string) => unknown) | undefined
  /** The connection is reopened when not one byte came for so long. Keep it above the server's keep-alive. Default: 45 000. */
  silence?: number | undefined
  /** How long an attempt may take until its first byte arrives. A request that is sent only once has `silence` instead. Default: 15 000. */
  openTimeout?: number | undefined
  /**
   * The wait before the next attempt is random: from `min` to twice `min` at first, then the upper bound doubles with each
   * failure, up to `max`. A `retry` from the server replaces `min`. Default: 1 000 to 30 000.
   */
  retry?: { min?: number | undefined; max?: number | undefined } | undefined
  /**
   * Long polling: `auto` uses it while something on the way holds streams back, and tries to stream again after 20 times
   * `openTimeout` or when the network changes. Default: `auto`.
   */
  poll?: 'auto' | 'always' | 'never' | undefined
  /**
   * One connection for all tabs of the browser with the same URL and options. It needs Web Locks and BroadcastChannel; where they
   * are missing, also on plain http, each tab connects by itself. GET only. Default: false.
   */
  share?: boolean | undefined
  /** The event at which the source closes by itself, after its listeners have received it. `false`: none. Default: `end`. */
  until?: string | false | undefined
  /** The URL to continue from by GET, with the last id, when the response to a request that is sent only once breaks off or ends without `until`. */
  resume?: string | URL | undefined
}

type HeadersOf = Record<string, string>
