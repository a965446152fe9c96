import type { CloseOptions, GroupOptions, Request, Response, SseMethod, StreamStats } from '@downstream/core'

/** One request, as the handlers of the suite see it on every framework. */
export interface Exchange {
  /** The method under test: `res.sse`, `reply.sse`. */
  readonly sse: SseMethod
  readonly request: Request
  /** The response of `node:http` or `node:http2` under that of the framework. */
  readonly response: Response
  /** Sets a response header as an app does in this framework; a list sets several headers. */
  setHeader(name: string, value: string | string[]): void
  /** Sets the status as an app does in this framework. */
  setStatus(code: number): void
}

/** Handles a request. Its result or its error is passed to the framework. */
export type Handler = (exchange: Exchange) => unknown

/** A running app under test. */
export interface FrameworkHost {
  /** `http://127.0.0.1:port` */
  readonly origin: string
  readonly protocol: 'http/1.1' | 'h2'
  /** The errors that reached the framework's error handling: an error handler, an error log. */
  readonly errors: unknown[]
  /** The app's streams in numbers. */
  stats(): StreamStats
  /** MUST end open streams and stop listening as the framework's docs recommend, and resolve when that is done. */
  close(): Promise<void>
}

/**
 * Starts an app that MUST pass every request with any method and path to `handler`, after parsing a JSON body in the
 * framework's usual way. `options` are the app's defaults for its streams.
 */
export type StartFramework = (
  handler: Handler,
  options?: GroupOptions & CloseOptions,
) => Promise<FrameworkHost>
