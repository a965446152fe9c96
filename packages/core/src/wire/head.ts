/** Computes the response headers of an event stream from those that the app has already set. Pure. */

/** A header value as Node accepts it. */
export type HeaderValue = string | number | readonly string[]

/** Extra response headers; a list is sent as several headers of one name (`Set-Cookie`). */
export type ExtraHeaders =
  | Readonly<Record<string, HeaderValue>>
  | Iterable<readonly [name: string, value: HeaderValue]>

/** With any other type, and in Chromium with any other charset, a browser gives up. */
const CONTENT_TYPE = 'text/event-stream'

const EXCLUDES_CACHES = new Set(['no-cache', 'no-store', 'private'])

/** Headers that the app and other middleware may each have set in part. */
const APPENDED = new Set(['set-cookie', 'vary'])

/** Extra headers as a list without duplicate names. */
export function headerList(extra: ExtraHeaders): [name: string, value: HeaderValue][] {
  const list = new Map<string, [name: string, value: HeaderValue]>()
  for (const [name, value] of Symbol.iterator in extra ? extra : Object.entries(extra)) {
    const key = name.toLowerCase()
    const before = list.get(key)?.[1]
    // A `Headers` object yields one entry per cookie.
    list.set(key, [name, before !== undefined && key === 'set-cookie' ? append(key, before, value) : value])
  }
  return [...list.values()]
}

/**
 * The headers that make a response an event stream.
 *
 * `no-transform` keeps compression middleware and proxies from buffering events. `X-Accel-Buffering: no` does the same
 * for nginx, and `Incremental: ?1` (RFC 10036) for every proxy that knows it. `no-cache` keeps shared caches from
 * sending one stream to two clients.
 *
 * @param current - reads a header that the app has already set
 * @param negotiated - set if the stream may be compressed; `coding` is undefined if this client gets no compression
 */
export function responseHead(
  current: (name: string) => HeaderValue | undefined,
  extra: readonly (readonly [name: string, value: HeaderValue])[] = [],
  negotiated?: { readonly coding: string | undefined },
): [name: string, value: HeaderValue][] {
  const value = (name: string) =>
    extra.find(([extraName]) => extraName.toLowerCase() === name)?.[1] ?? current(name)
  const list: [name: string, value: HeaderValue][] = [
    ['Incremental', value('incremental') ?? '?1'],
    ...extra.map(([name, value]): [string, HeaderValue] => [name, merge(name.toLowerCase(), current, value)]),
    ['Content-Type', CONTENT_TYPE],
    ['Cache-Control', cacheControl(value('cache-control'))],
    ['X-Accel-Buffering', 'no'],
    ['X-Content-Type-Options', 'nosniff'],
  ]
  if (negotiated === undefined) return list
  const [, vary = current('vary') ?? []] = list.find(([name]) => name.toLowerCase() === 'vary') ?? []
  const coded = list.filter(([name]) => name.toLowerCase() !== 'vary')
  coded.push(['Vary', append('vary', vary, 'Accept-Encoding')])
  if (negotiated.coding !== undefined) coded.push(['Content-Encoding', negotiated.coding])
  return coded
}

function merge(
  key: string,
  current: (name: string) => HeaderValue | undefined,
  value: HeaderValue,
): HeaderValue {
  const set = APPENDED.has(key) ? current(key) : undefined
  return set === undefined ? value : append(key, set, value)
}

/** Adds no value twice: if a framework sets these headers itself, the result is merged again when the stream begins. */
function append(key: string, set: HeaderValue, value: HeaderValue): HeaderValue {
  const values = [set, value].flat().map(String)
  if (key !== 'vary') return [...new Set(values)]
  return [...new Set(values.flatMap((names) => names.split(/\s*,\s*/)))].join(', ')
}

/** Keeps an app's own directives if they exclude shared caches, and adds what a stream needs. */
function cacheControl(set: HeaderValue | undefined): string {
  if (set === undefined) return 'no-cache, no-transform'
  const value = String(set)
  const directives = value.split(',').map((directive) => directive.trim().toLowerCase())
  if (!directives.some((directive) => EXCLUDES_CACHES.has(directive))) return 'no-cache, no-transform'
  return directives.includes('no-transform') ? value : `${value}, no-transform`
}
