/** The response headers of an event stream, from what the app set on this response before. Pure. */

/** As Node takes it. */
export type HeaderValue = string | number | readonly string[]

/** Extra response headers; a list is sent as several headers of one name (`Set-Cookie`). */
export type ExtraHeaders = Readonly<Record<string, HeaderValue>>

/** "A `Content-Type` of `text/event-stream`": any other essence, and in Chromium any other charset, is final. */
const CONTENT_TYPE = 'text/event-stream'

const KEEPS_CACHES_AWAY = new Set(['no-cache', 'no-store', 'private'])

/**
 * The headers that make a response an event stream.
 *
 * `no-transform` keeps compression middleware and proxies from holding events back, `X-Accel-Buffering: no` does
 * the same for nginx, and `no-cache` keeps shared caches from joining two clients onto one stream.
 *
 * @param current - reads a header that the app has set already
 */
export function responseHead(
  current: (name: string) => HeaderValue | undefined,
  extra: ExtraHeaders = {},
): [name: string, value: HeaderValue][] {
  const extraCacheControl = Object.entries(extra).find(
    ([name]) => name.toLowerCase() === 'cache-control',
  )?.[1]
  return [
    ...Object.entries(extra),
    ['Content-Type', CONTENT_TYPE],
    ['Cache-Control', cacheControl(extraCacheControl ?? current('Cache-Control'))],
    ['X-Accel-Buffering', 'no'],
    ['X-Content-Type-Options', 'nosniff'],
  ]
}

/** Keeps an app's own directives as long as they keep shared caches away, and adds what a stream needs. */
function cacheControl(set: HeaderValue | undefined): string {
  if (set === undefined) return 'no-cache, no-transform'
  const value = String(set)
  const directives = value.split(',').map((directive) => directive.trim().toLowerCase())
  if (!directives.some((directive) => KEEPS_CACHES_AWAY.has(directive))) return 'no-cache, no-transform'
  return directives.includes('no-transform') ? value : `${value}, no-transform`
}
