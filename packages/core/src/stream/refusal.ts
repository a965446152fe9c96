import type { HeaderValue } from '../wire/head.ts'

/** How a stream is refused: see {@link AdmissionOptions.refuse}. */
export type Refuse = 'later' | 'stop' | number

/** Why a stream was refused: a limit, its origin, or the app itself (`res.sse.refuse()`). */
export type RefuseReason = 'total' | 'perKey' | 'origin' | 'app'

type Headers = [name: string, value: HeaderValue][]

/** In ms: at random, since many are refused at once. */
const EARLIEST = 5_000
const LATEST = 15_000

/** Statuses with which `Retry-After` has a meaning. */
const RETRIED = new Set([429, 503])

/** What only an event stream has. */
const STREAM_HEADERS = /^(content-type|cache-control|incremental|x-accel-buffering)$/i

/** The `retry` of a client that is refused, in ms. */
export function randomRetry(): number {
  return Math.round(EARLIEST + Math.random() * (LATEST - EARLIEST))
}

/** The answer to a client whose stream is refused. */
export class Refusal {
  readonly reason: RefuseReason
  readonly status: number
  /** In ms. */
  readonly retry: number = randomRetry()

  constructor(reason: RefuseReason, how: Refuse) {
    this.reason = reason
    this.status = how === 'later' ? 200 : how === 'stop' ? 204 : how
  }

  /** The body; undefined where the answer is an event stream, though an empty one. */
  get text(): string | undefined {
    if (this.status === 200) return undefined
    return this.status === 204 ? '' : 'This event stream was refused.\n'
  }

  /** The headers, from those of an event stream. */
  head(headers: Headers): Headers {
    if (this.status === 200) return headers
    const head: Headers = headers.filter(([name]) => !STREAM_HEADERS.test(name))
    head.push(['Cache-Control', 'no-store'])
    if (this.status !== 204) head.push(['Content-Type', 'text/plain; charset=utf-8'])
    if (RETRIED.has(this.status)) head.push(['Retry-After', Math.ceil(this.retry / 1_000)])
    return head
  }
}
