import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type CloseOptions,
  type EventStreamOptions,
  invalidOption,
  SseError,
  type SseMethod,
  StreamGroup,
} from '@downstream/core'

declare global {
  namespace Express {
    interface Response {
      /** Makes this response an event stream: see {@link SseMethod}. */
      sse: SseMethod
    }
  }
}

/** Options of {@link sse}: the defaults of every stream of the app. */
export interface SseOptions extends EventStreamOptions {
  /** Name of the method on `res`, where another package has taken `sse`. Default: `sse`. */
  methodName?: string | undefined
  /**
   * Called once with the error of a source, after the response has finished. Default: the error handlers of the app,
   * by Express's `next(error)`. In a framework that is not Express (middie, connect) the default is a process warning.
   */
  onSourceError?(error: unknown, req: IncomingMessage, res: ServerResponse): void
}

/** The middleware that {@link sse} makes. */
export interface SseMiddleware {
  (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void): void
  /**
   * Ends all streams that were opened through it, for a shutdown, and tells each client when to reconnect. With
   * `server` it closes the server too. Resolves when all is closed.
   *
   * @example
   * process.once('SIGTERM', () => events.close({ server, drain: 5_000 }))
   */
  close(options?: CloseOptions): Promise<void>
}

/**
 * Middleware for Express 4 and 5 that adds `res.sse()`.
 *
 * @example
 * const events = sse()
 * app.use(events)
 * app.get('/time', (req, res) => res.sse(everySecond()))
 *
 * @param options - defaults of every stream; none is needed
 * @throws SseError ERR_SSE_INVALID_OPTION
 */
export function sse(options: SseOptions = {}, ...more: unknown[]): SseMiddleware {
  // app.use(sse) compiles, and every request of the app would hang.
  if (more.length > 0) throw new SseError('ERR_SSE_INVALID_OPTION', 'Write app.use(sse()), not app.use(sse).')
  const { methodName = 'sse', onSourceError = passOn, ...defaults } = options
  if (typeof onSourceError !== 'function') throw invalidOption('onSourceError', 'a function')
  const group = new StreamGroup(defaults)
  const middleware: SseMiddleware = (req, res, next) => {
    // All else is made when it is called, and not held: most responses are no stream, and streams are many.
    const method = (...args: Parameters<SseMethod>) => {
      const sse = group.sse(req, res, { onSourceError: (error) => onSourceError(error, req, res) })
      return sse(...args)
    }
    Object.assign(res, { [methodName]: method })
    next()
  }
  middleware.close = (closeOptions) => group.close(closeOptions)
  return middleware
}

/**
 * Express keeps the `next` of the router that has the route on the request, so that router's error handlers come first.
 * The middleware's own `next` was used up before the route ran: middie, which reuses it, would pass the error to another
 * client's request.
 */
function passOn(error: unknown, req: IncomingMessage & { next?: (error: unknown) => void }): boolean {
  req.next?.(error)
  return req.next !== undefined
}
