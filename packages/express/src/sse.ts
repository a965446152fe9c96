import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type CloseOptions,
  type GroupOptions,
  invalidOption,
  SseError,
  type SseMethod,
  StreamGroup,
  type StreamStats,
} from '@downstream/core'

declare global {
  namespace Express {
    // `limits.key` sees the app's own properties of a request, such as `user`, through this declaration.
    interface Request {}
    interface Response {
      /** Makes this response an event stream: see {@link SseMethod}. */
      sse: SseMethod
    }
  }
}

/** The request of Express, as `limits.key` and `origin` receive it. */
export interface SseRequest extends IncomingMessage, Express.Request {
  /** The client's address according to Express: see its setting `trust proxy`. */
  readonly ip?: string | undefined
}

/** Options of {@link sse}: the defaults of every stream of the app, and which streams it refuses. */
export interface SseOptions extends GroupOptions<SseRequest> {
  /** Name of the method on `res`, if another package already uses `sse`. Default: `sse`. */
  methodName?: string | undefined
  /**
   * Called once with the error of a source, after the response has finished. Default: the error handlers of the app,
   * with Express's `next(error)`. In other frameworks (middie, connect) the default is a process warning.
   */
  onSourceError?(error: unknown, req: IncomingMessage, res: ServerResponse): void
}

/** The middleware that {@link sse} returns. */
export interface SseMiddleware {
  (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void): void
  /**
   * Ends all streams that were opened through this middleware, for a shutdown, and tells each client when to reconnect.
   * With `server` it closes the server as well. Resolves when everything is closed.
   *
   * @throws SseError ERR_SSE_INVALID_OPTION
   *
   * @example
   * process.once('SIGTERM', () => events.close({ server, drain: 5_000 }))
   */
  close(options?: CloseOptions): Promise<void>
  /** The streams that were opened through this middleware, in numbers. */
  stats(): StreamStats
  /** How many streams are open. */
  readonly size: number
}

/**
 * Middleware for Express 4 and 5 that adds `res.sse()`.
 *
 * @example
 * const events = sse()
 * app.use(events)
 * app.get('/time', (req, res) => res.sse(everySecond()))
 *
 * @param options - defaults of every stream, all of them optional
 * @throws SseError ERR_SSE_INVALID_OPTION
 */
export function sse(options: SseOptions = {}, ...more: unknown[]): SseMiddleware {
  // app.use(sse) compiles, but every request of the app would hang.
  if (more.length > 0) throw new SseError('ERR_SSE_INVALID_OPTION', 'Write app.use(sse()), not app.use(sse).')
  const { methodName = 'sse', onSourceError = passOn, ...defaults } = options
  if (typeof onSourceError !== 'function') throw invalidOption('onSourceError', 'a function', onSourceError)
  const group = new StreamGroup(defaults)
  // An app may replace the method of a response by one of its own.
  const set = function (this: ServerResponse, value: unknown): void {
    Object.defineProperty(this, methodName, { value, configurable: true, enumerable: true, writable: true })
  }
  const middleware = (req: IncomingMessage, res: ServerResponse, next: () => void): void => {
    // The method is created each time it is read: most responses never need it, and keeping it would take memory for
    // each open stream.
    const get = () => group.sse(req, res, { onSourceError: (error) => onSourceError(error, req, res) })
    Object.defineProperty(res, methodName, { get, set, configurable: true, enumerable: true })
    next()
  }
  const methods = {
    close: (closeOptions?: CloseOptions) => group.close(closeOptions),
    stats: () => group.stats(),
    get size() {
      return group.size
    },
  }
  // Not Object.assign(), which would copy the current size instead of the getter.
  Object.defineProperties(middleware, Object.getOwnPropertyDescriptors(methods))
  return middleware as typeof middleware & typeof methods
}

/**
 * Passes the error to the `next` that Express stores on the request. It belongs to the router that has the route, so
 * that router's error handlers come first. The middleware's own `next` was already called before the route ran: middie,
 * which reuses it, would pass the error to the request of another client.
 */
function passOn(error: unknown, req: IncomingMessage & { next?: (error: unknown) => void }): boolean {
  req.next?.(error)
  return req.next !== undefined
}
