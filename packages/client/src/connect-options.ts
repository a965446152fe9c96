import type { ConnectError } from './connect-error.ts'

/** Options of {@link connect}, all of them optional. All times are in ms. */
export interface ConnectOptions {
  /**
   * The HTTP method. A request with any method but GET is sent once and never repeated: see `resume`. Default: GET;
   * POST if there is a `body`.
   */
  method?: string | undefined
  /** The request body, as for `fetch()`. Default: none. */
  body?: RequestInit['body'] | undefined
  /**
   * Request headers. A function is called for each attempt, so that it can return a fresh token. It receives the error
   * of the previous attempt, whose `status` is 401 if the token was refused. Default: none.
   */
  headers?: Record<string, string> | ((error?: ConnectError) => HeadersOf | Promise<HeadersOf>) | undefined
  /**
   * Which origins receive cookies, as for `fetch()`. `include` sends them to another origin too. Default:
   * `same-origin`.
   */
  credentials?: RequestInit['credentials'] | undefined
  /** The id to start after: a `hub.cursor()` that was rendered into the page. Default: none, the server decides. */
  after?: string | undefined
  /** Closes the source when it aborts. Default: none. */
  signal?: AbortSignal | undefined
  /** Converts an event's text to its data. Default: `JSON.parse`; text that is not JSON is passed on as a string. */
  parse?: ((text: string, event: string) => unknown) | undefined
  /** Reconnects if no byte arrives for this long. Keep it above the server's `keepAlive`. Default: 45 000. */
  silence?: number | undefined
  /**
   * How long an attempt may take until its first byte arrives. For a request that is sent only once, `silence` applies
   * instead. Default: 15 000.
   */
  openTimeout?: number | undefined
  /**
   * The wait before the next attempt is random: at first between `min` and twice `min`, then the upper limit doubles
   * with each failure, up to `max`. A `retry` from the server replaces `min`. Default: 1 000 to 30 000.
   */
  retry?: { min?: number | undefined; max?: number | undefined } | undefined
  /**
   * Long polling. `auto` uses it while a proxy buffers streams, and tries to stream again after 20 times `openTimeout`,
   * or when the network changes. Default: `auto`.
   */
  poll?: 'auto' | 'always' | 'never' | undefined
  /**
   * Shares one connection between all tabs of the browser with the same URL and options. It needs Web Locks and
   * BroadcastChannel; where they are missing, such as on plain http, each tab connects by itself. GET only. Default:
   * false.
   */
  share?: boolean | undefined
  /** The event that closes the source, after its listeners have received it. `false`: none. Default: `end`. */
  until?: string | false | undefined
  /**
   * For a request that is sent only once: the URL to continue from, by GET and with the last id, if the response breaks
   * off or ends without the `until` event. Default: none, the source closes.
   */
  resume?: string | URL | undefined
}

type HeadersOf = Record<string, string>
