import { validateHeaderName, validateHeaderValue } from 'node:http'
import { SseError } from '../errors.ts'
import { caution } from '../process/caution.ts'
import { encodeEvent, type Serialize, serializeJson } from '../wire/encode.ts'
import { type ExtraHeaders, type HeaderValue, headerList } from '../wire/head.ts'
import { checkOptionNames, invalidOption } from '../wire/invalid-option.ts'
import { MAX_EVENT_BYTES } from '../wire/parse-event-stream.ts'
import {
  type CompressionOptions,
  type ResolvedCompression,
  resolveCompression,
} from './compression/compression-options.ts'

/**
 * Options of a stream. Passed to the adapter they are the defaults of the app, passed to one call of `sse()` they apply
 * to that stream. An invalid value throws `ERR_SSE_INVALID_OPTION`.
 */
export interface EventStreamOptions {
  /**
   * Reconnection time in ms: how long a client waits before it reconnects. Sent at the start of every stream, because a
   * browser keeps the last value that it received, such as that of a shutdown. Default: 3 000, which is also Chromium's
   * own.
   */
  retry?: number | undefined
  /**
   * Sends a comment when nothing was written for this many ms (up to an eighth and 0.2 s earlier), so that proxies do
   * not close the connection as idle. `false`: never. Default: 15 000, as the standard advises.
   */
  keepAlive?: number | false | undefined
  /**
   * Name of an event with empty data that replaces the comment of `keepAlive`, so that a page with an `EventSource` can
   * see that its connection is alive. It is sent every `keepAlive` ms, even if other events are sent: a page only sees
   * events that it listens for. `false`: a comment. Default: false.
   */
  heartbeat?: string | false | undefined
  /**
   * After how many ms without traffic TCP probes whether the client is still there; `false`: never. A client that
   * vanished is noticed ten probes later, one second apart, if all of them fit before the next comment: if
   * `tcpKeepAlive` + 10 s is below 7/8 of `keepAlive`. Costs an idle stream one packet in each direction per
   * `tcpKeepAlive`. HTTP/1 only. Default: 2 000.
   */
  tcpKeepAlive?: number | false | undefined
  /**
   * Extra response headers: an object, `Headers` or a `Map`. `Set-Cookie` and `Vary` are added to those that are
   * already set. Headers that make the response an event stream cannot be changed. The status is always 200. Default:
   * none.
   */
  headers?: ExtraHeaders | undefined
  /** Converts data that is not a string to text. Default: `JSON.stringify`. */
  serialize?: Serialize | undefined
  /**
   * If the client has left more than this many bytes unread when the next event is sent, the stream ends
   * (`ERR_SSE_SLOW_CLIENT`). Code that awaits `send()` never reaches this limit. Default: 1 MiB (1 048 576).
   */
  maxBufferedBytes?: number | undefined
  /**
   * If an event of a relayed `Response` is larger than this many bytes, the source fails (`ERR_SSE_EVENT_TOO_LARGE`).
   * Default: 1 MiB (1 048 576).
   */
  maxEventBytes?: number | undefined
  /**
   * If the client reads nothing for this many ms while data is pending, the connection is cut (`ERR_SSE_SLOW_CLIENT`):
   * the client may have vanished. Checked about every 15 s. Default: 120 000.
   */
  stallTimeout?: number | undefined
  /**
   * Compresses the stream for clients that accept it. `'shared'`: events of a hub, once for all streams of the same
   * channels; events that only one stream receives are not compressed. `'own'`: everything, separately for this stream.
   * `false` on a call turns off what the app has set. Off by default, because compression can leak secrets: an attacker
   * can guess a secret if it sees the number of bytes and its own text is sent together with the secret. Default: `false`.
   */
  compression?: 'shared' | 'own' | CompressionOptions | false | undefined
  /** Ends the stream after 80 to 100 % of this many ms, so that clients re-authorize and rebalance. Default: never. */
  maxAge?: number | undefined
  /**
   * Ends the stream at this time at the latest, and at most 0.2 s before it: when its token expires, for example. A
   * `Date`, or ms since 1970 (the `exp` of a JWT is in seconds: `exp * 1000`). Default: never.
   */
  expiresAt?: Date | number | undefined
  /**
   * When the server ends the stream (`close()`, a shutdown, `disconnect()`, `maxAge`, `expiresAt`, a source that
   * fails), buffered data is sent and then the connection is cut without the end of the body (HTTP/2: the stream is
   * reset). Use it for clients that take a normal end as final and never reconnect, like Datastar and
   * `@microsoft/fetch-event-source`. The end of a source still ends the stream normally. Over HTTP/1.0 there is no
   * difference. Default: false.
   */
  abruptEnd?: boolean | undefined
  /**
   * Name of a query parameter that is read when the client sends no `Last-Event-ID` header: for polyfills, and for
   * pages whose EventSource continues where another one stopped. `false`: none. Default: `lastEventId`.
   */
  lastEventIdParameter?: string | false | undefined
  /**
   * Name of a query parameter with which a client asks for a long poll, as it can with the header `Prefer: wait=20`:
   * for pages with an `EventSource`, which cannot send headers. Its value is how many seconds the server may wait for
   * an event, at most 60. `false`: none, only the header is read. Default: false.
   */
  waitParameter?: string | false | undefined
}

/** The checked options, with their defaults. */
export interface ResolvedOptions {
  readonly retry: number
  readonly keepAlive: number
  readonly heartbeat: string | false
  readonly tcpKeepAlive: number
  readonly headers: readonly (readonly [name: string, value: HeaderValue])[]
  readonly serialize: Serialize
  readonly maxBufferedBytes: number
  readonly maxEventBytes: number
  readonly stallTimeout: number
  readonly compression: ResolvedCompression | false
  readonly maxAge: number
  /** In ms since 1970. */
  readonly expiresAt: number
  readonly abruptEnd: boolean
  readonly lastEventIdParameter: string | false
  readonly waitParameter: string | false
}

/** Headers that Node sets from the message itself, or that would break an event stream. */
const FIXED_HEADERS =
  /^(content-type|content-length|content-encoding|connection|keep-alive|transfer-encoding)$/i

/** For each option its default, and the function that checks a value and returns the resolved one. */
const OPTIONS: {
  [Name in keyof ResolvedOptions]: [ResolvedOptions[Name], Resolve<ResolvedOptions[Name]>]
} = {
  retry: [3_000, resolveRetry],
  keepAlive: [15_000, positiveOrNever],
  heartbeat: [false, resolveHeartbeat],
  // The operating system counts in seconds; it takes 0 as its default of two hours.
  tcpKeepAlive: [2_000, (name, value) => positiveOrNever(name, value, 999)],
  headers: [[], resolveHeaders],
  serialize: [serializeJson, resolveSerialize],
  maxBufferedBytes: [1_048_576, positive],
  maxEventBytes: [MAX_EVENT_BYTES, positive],
  stallTimeout: [120_000, positive],
  compression: [false, (_name, value) => resolveCompression(value)],
  maxAge: [Number.POSITIVE_INFINITY, positive],
  expiresAt: [Number.POSITIVE_INFINITY, resolveExpiresAt],
  abruptEnd: [false, trueOrFalse],
  lastEventIdParameter: ['lastEventId', parameterOrNone],
  waitParameter: [false, parameterOrNone],
}
type Resolve<T> = (name: string, value: unknown) => T

const DEFAULTS: ResolvedOptions = Object.fromEntries(
  Object.entries(OPTIONS).map(([name, [value]]): unknown[] => [name, value]),
)

/**
 * Merges the options of a call with `defaults`. Without options it returns the defaults themselves, which are one
 * object for all streams.
 *
 * @throws {@link SseError} ERR_SSE_INVALID_OPTION, naming the option
 */
export function resolveOptions(
  options?: EventStreamOptions,
  defaults: ResolvedOptions = DEFAULTS,
): ResolvedOptions {
  if (options === undefined) return defaults
  checkOptionNames(options, Object.keys(DEFAULTS), 'options of a stream')
  // An own property that is undefined must not override a default.
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  const resolved = given.map(([name, value]) => [
    name,
    OPTIONS[name as keyof ResolvedOptions][1](name, value),
  ])
  return { ...defaults, ...Object.fromEntries(resolved) }
}

function positive(name: string, value: unknown, least = 0, orElse = ''): number {
  if (typeof value === 'number' && value > least) return value
  throw invalidOption(name, `a number above ${least}${orElse}`, value)
}

function positiveOrNever(name: string, value: unknown, least?: number): number {
  return value === false ? Number.POSITIVE_INFINITY : positive(name, value, least, ' or false')
}

function resolveRetry(name: string, value: unknown): number {
  const event = { retry: value as number }
  checkOption(name, () => encodeEvent(event))
  caution(event)
  return event.retry
}

function resolveHeartbeat(name: string, value: unknown): string | false {
  if (value === false) return value
  if (typeof value !== 'string' || value === '')
    throw invalidOption(name, 'the name of an event, or false', value)
  checkOption(name, () => encodeEvent({ event: value, data: '' }))
  return value
}

function resolveSerialize(name: string, value: unknown): Serialize {
  if (typeof value === 'function') return value as Serialize
  throw invalidOption(name, 'a function', value)
}

function parameterOrNone(name: string, value: unknown): string | false {
  if (value === false || typeof value === 'string') return value
  throw invalidOption(name, 'the name of a query parameter, or false', value)
}

export function trueOrFalse(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw invalidOption(name, 'true or false', value)
}

/** Refuses a time in seconds. It would be in 1970, so the stream would end at once, again and again. */
function resolveExpiresAt(name: string, expiresAt: unknown): number {
  // A Date of another realm is not an instance of this realm's Date.
  const time = Object.prototype.toString.call(expiresAt) === '[object Date]' ? Number(expiresAt) : expiresAt
  if (typeof time === 'number' && time > 100_000_000_000) return time
  throw invalidOption(
    name,
    'a Date, or a number of ms since 1970 (the exp of a JWT is in seconds: exp * 1000)',
    expiresAt,
  )
}

function resolveHeaders(name: string, value: unknown): ResolvedOptions['headers'] {
  if (typeof value !== 'object' || value === null)
    throw invalidOption(name, 'an object of names and values, Headers or a Map', value)
  return checkOption(name, () => {
    const list = headerList(value as ExtraHeaders)
    for (const [header, values] of list) {
      if (FIXED_HEADERS.test(header)) throw new Error(`the stream itself sets ${header}. Leave it out.`)
      validateHeaderName(header)
      // Do not convert it to a string first: undefined is not a valid value.
      for (const one of [values].flat()) validateHeaderValue(header, one as string)
    }
    return list
  })
}

function checkOption<T>(name: string, check: () => T): T {
  try {
    return check()
  } catch (cause) {
    throw new SseError('ERR_SSE_INVALID_OPTION', `Option ${name}: ${(cause as Error).message}`, { cause })
  }
}
