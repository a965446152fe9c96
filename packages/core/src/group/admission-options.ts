import type { Refuse } from '../stream/refusal.ts'
import { checkOptionNames, invalidOption } from '../wire/invalid-option.ts'

/** How many streams an app may have open. A limit that is not given does not apply. */
export interface StreamLimits<Request = unknown> {
  /** Streams of this process. Default: no limit. */
  total?: number | undefined
  /** Streams with the same {@link key}. Default: no limit. */
  perKey?: number | undefined
  /**
   * Identifies the client that a request counts for: an address, a user, a tenant. Required with `perKey`. It receives
   * the framework's request. A stream whose key is null or undefined is not limited. If it throws, or returns anything
   * but a string, a number or a bigint, `sse()` throws (`ERR_SSE_INVALID_OPTION`) and no stream opens.
   */
  key?(request: Request): string | number | bigint | null | undefined
}

/**
 * Returns whether pages of this origin, which is not the app's own, may open streams. `null`: a sandboxed frame, or a
 * file.
 */
export type OriginCheck<Request = unknown> = { check(origin: string, request: Request): boolean }['check']

/** Which streams an app refuses. Each option is off by default, and then has no cost. */
export interface AdmissionOptions<Request = unknown> {
  /**
   * How many streams may be open. A stream counts from `sse()` until its response has finished or its client has
   * disconnected. Beyond a limit, `sse()` returns a closed stream (`ERR_SSE_REFUSED`) and calls no source. Default: no
   * limits.
   */
  limits?: StreamLimits<Request> | undefined
  /**
   * How a stream beyond the limits is answered. `'later'`: 200, a `retry` of 5 to 15 s and the end; browsers reconnect.
   * `'stop'`: 204; browsers give up. A number from 400 to 599: that status, with `Retry-After` for 429 and 503;
   * browsers give up, other clients may retry. Default: `'later'`.
   */
  refuse?: Refuse | undefined
  /**
   * Other origins whose pages may open streams: a list (`https://app.example`), or a function. If a page of any other
   * origin asks for a stream, the answer is 403; this is decided by `Origin` and `Sec-Fetch-Site`. Requests of your own
   * pages, and of clients that send neither header, are not refused. If the function throws, or returns anything but a
   * boolean, `sse()` throws (`ERR_SSE_INVALID_OPTION`). Default: no check.
   */
  origin?: readonly string[] | OriginCheck<Request> | undefined
}

/** The checked options, with their defaults. */
export interface ResolvedAdmission {
  readonly total: number
  readonly perKey: number
  readonly key: StreamLimits['key']
  readonly refuse: Refuse
  readonly mayOpen: OriginCheck | undefined
}

/**
 * Undefined if the options refuse no stream.
 *
 * @throws {@link SseError} ERR_SSE_INVALID_OPTION, naming the option
 */
export function resolveAdmission({
  limits,
  refuse = 'later',
  origin,
}: AdmissionOptions): ResolvedAdmission | undefined {
  checkRefuse(refuse)
  const mayOpen = origin === undefined ? undefined : originCheck(origin)
  if (limits === undefined && mayOpen === undefined) return undefined
  checkOptionNames(limits ?? {}, ['total', 'perKey', 'key'], 'limits')
  const { total, perKey, key } = limits ?? {}
  if (key !== undefined && typeof key !== 'function') throw invalidOption('limits.key', 'a function', key)
  if (perKey !== undefined && key === undefined)
    throw invalidOption(
      'limits.key',
      'given with limits.perKey, for example key: (request) => request.ip',
      key,
    )
  return { total: limit('total', total), perKey: limit('perKey', perKey), key, refuse, mayOpen }
}

/** @throws {@link SseError} ERR_SSE_INVALID_OPTION */
export function checkRefuse(refuse: unknown): asserts refuse is Refuse {
  if (refuse === 'later' || refuse === 'stop') return
  if (Number.isInteger(refuse) && Number(refuse) >= 400 && Number(refuse) <= 599) return
  throw invalidOption('refuse', "'later', 'stop' or a status from 400 to 599", refuse)
}

function limit(name: string, value: unknown): number {
  if (value === undefined || value === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY
  if (Number.isSafeInteger(value) && Number(value) > 0) return Number(value)
  throw invalidOption(`limits.${name}`, 'an integer above 0', value)
}

function originCheck(origin: unknown): OriginCheck {
  if (typeof origin === 'function') return origin as OriginCheck
  if (!Array.isArray(origin)) throw invalidOption('origin', 'a list of origins or a function', origin)
  for (const one of origin) {
    if (typeof one === 'string' && URL.canParse(one) && new URL(one).origin === one) continue
    throw invalidOption('origin', 'a list of origins like https://app.example, without a path', one)
  }
  const allowed = new Set<string>(origin)
  return (given) => allowed.has(given)
}
