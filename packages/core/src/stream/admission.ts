import { SseError } from '../errors.ts'
import { isPromise } from '../source/source.ts'
import { describe } from '../wire/describe.ts'
import type { ResolvedAdmission } from './admission-options.ts'
import type { Request } from './exchange.ts'
import { Refusal } from './refusal.ts'
import type { StreamPort } from './stream-port.ts'

type Key = string | number | bigint

/** Whether a stream may open, and how many of each key have. */
export class Admission {
  readonly #options: ResolvedAdmission
  /** Streams of each key that has any. */
  readonly #counts = new Map<Key, number>()

  constructor(options: ResolvedAdmission) {
    this.#options = options
  }

  /**
   * The refusal of a stream, or the key that it counts for.
   *
   * @param request - the framework's
   * @param open - how many streams there are
   * @throws {@link SseError} ERR_SSE_INVALID_OPTION, when a function of the app does not answer
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
   * A page of the app's own origin says `same-origin`, and sends no `Origin` with a GET. An address that was typed in is
   * `none`. An image or a script of another site's page sends no `Origin` either, but a browser then says `cross-site`.
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
    // An object is another one at each request: nothing would be limited.
    if (typeof answer === 'string' || typeof answer === 'number' || typeof answer === 'bigint') return answer
    throw notAnswered('limits.key', 'a string, a number, a bigint, null or undefined', answer)
  }
}

function ask<T>(name: string, call: () => T): T {
  try {
    return call()
  } catch (cause) {
    throw new SseError('ERR_SSE_INVALID_OPTION', `The function ${name} has thrown; no stream was opened.`, {
      cause,
    })
  }
}

function notAnswered(name: string, rule: string, answer: unknown): SseError {
  if (isPromise(answer)) Promise.resolve(answer).catch(() => {})
  return new SseError(
    'ERR_SSE_INVALID_OPTION',
    `The function ${name} must return ${rule}; got ${describe(answer)}. No stream was opened.`,
  )
}
