import type { HeaderValue } from '../wire/head.ts'

/** How a stream is refused: see {@link AdmissionOptions.refuse}. */
export type Refuse = 'later' | 'stop' | number

/** Why a stream was refused: a limit, its origin, or the app itself (`res.sse.refuse()`). */
export type RefuseReason = 'total' | 'perKey' | 'origin' | 'app'

type Headers = [name: string, value: HeaderValue][]

/** Bounds of the `retry` of refused clients, in ms. It is random, because many may be refused at once. */
const EARLIEST = 5_000
const LATEST = 15_000

/** Statuses for which `Retry-After` is defined. */
const RETRIED = new Set([429, 503])

/** Headers that only an event stream has. */
const STREAM_HEADERS = /^(content-type|cache-control|incremental|x-accel-buffering)$/i

/** The `retry` for a refused client, in ms. */
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

  /** The body; undefined if the answer is an (empty) event stream. */
  get text(): string | undefined {
    if (this.status === 200) return undefined
    return this.status === 204 ? '' : 'This event stream was refused.\n'
  }

  /** The headers, derived from those of an event stream. */
  head(headers: Headers): Headers {
    if (this.status === 200) return headers
    const head: Headers = headers.filter(([name]) => !STREAM_HEADERS.test(name))
    head.push(['Cache-Control', 'no-store'])
    if (this.status !== 204) head.push(['Content-Type', 'text/plain; charset=utf-8'])
    if (RETRIED.has(this.status)) head.push(['Retry-After', Math.ceil(this.retry / 1_000)])
    return head
  }
}
