import { SseError } from '../errors.ts'
import { isPromise } from '../source/source.ts'
import type { Request } from '../stream/exchange.ts'
import { Refusal } from '../stream/refusal.ts'
import type { StreamPort } from '../stream/stream-port.ts'
import { describe } from '../wire/describe.ts'
import type { ResolvedAdmission } from './admission-options.ts'

type Key = string | number | bigint

/** Decides whether a stream may open, and counts the open streams of each key. */
export class Admission {
  readonly #options: ResolvedAdmission
  /** The number of streams, for each key that has any. */
  readonly #counts = new Map<Key, number>()

  constructor(options: ResolvedAdmission) {
    this.#options = options
  }

  /**
   * The refusal of a stream, or the key that it counts for.
   *
   * @param request - the framework's request
   * @param open - how many streams are open
   * @throws {@link SseError} ERR_SSE_INVALID_OPTION, if a function of the app throws or returns a wrong value
   */
  check(req: Request, request: unknown, open: number): Refusal | Key | undefined {
    const { total, perKey, refuse } = this.#options
    if (this.#isForeign(req, request)) return new Refusal('origin', 403)
    if (open >= total) return new Refusal('total', refuse)
    const key = this.#keyOf(request)
    if (key !== undefined && (this.#counts.get(key) ?? 0) >= perKey) return new Refusal('perKey', refuse)
    return key
  }

  /** Counts `port` for its key until it is finished. */
  enter(port: StreamPort, key: Key): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
    port.whenFinished(() => {
      const left = Number(this.#counts.get(key)) - 1
      if (left > 0) this.#counts.set(key, left)
      else this.#counts.delete(key)
    })
  }

  /**
   * Whether the request comes from a page of a refused origin. A page of the app's own origin sends `same-origin`, and
   * no `Origin` with a GET; for an address that the user typed it is `none`. An image or a script on another site's
   * page sends no `Origin` either, but the browser then sends `cross-site`.
   */
  #isForeign({ headers }: Request, request: unknown): boolean {
    const { mayOpen } = this.#options
    if (mayOpen === undefined) return false
    const site = headers['sec-fetch-site']
    if (site === 'same-origin' || site === 'none') return false
    const { origin } = headers
    if (origin === undefined) return site !== undefined
    const answer: unknown = ask('origin', () => mayOpen(origin, request))
    if (typeof answer === 'boolean') return !answer
    throw notAnswered('origin', 'true or false', answer)
  }

  #keyOf(request: unknown): Key | undefined {
    const { key } = this.#options
    if (key === undefined) return undefined
    const answer = ask('limits.key', () => key(request))
    if (answer === null || answer === undefined) return undefined
    // An object would be a new key for each request, so nothing would be limited.
    if (typeof answer === 'string' || typeof answer === 'number' || typeof answer === 'bigint') return answer
    throw notAnswered('limits.key', 'a string, a number, a bigint, null or undefined', answer)
  }
}

function ask<T>(name: string, call: () => T): T {
  try {
    return call()
  } catch (cause) {
    throw new SseError(
      'ERR_SSE_INVALID_OPTION',
      `The function ${name} threw (see the cause), so no stream was opened.`,
      { cause },
    )
  }
}

function notAnswered(name: string, rule: string, answer: unknown): SseError {
  if (isPromise(answer)) Promise.resolve(answer).catch(() => {})
  return new SseError(
    'ERR_SSE_INVALID_OPTION',
    `The function ${name} must return ${rule}; got ${describe(answer)}. No stream was opened.`,
  )
}
