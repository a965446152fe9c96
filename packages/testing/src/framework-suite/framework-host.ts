import type { CloseOptions, GroupOptions, Request, Response, SseMethod, StreamStats } from '@downstream/core'

/** One request, as the suite's handlers see it on every framework. */
export interface Exchange {
  /** The method under test: `res.sse`, `reply.sse`. */
  readonly sse: SseMethod
  readonly request: Request
  /** The response of `node:http` or `node:http2` below the framework's. */
  readonly response: Response
  /** Sets a response header the way an app does in this framework; a list is several headers. */
  setHeader(name: string, value: string | string[]): void
  /** Sets the status the way an app does in this framework. */
  setStatus(code: number): void
}

/** What the app does with a request; what it returns or throws is handed to the framework. */
export type Handler = (exchange: Exchange) => unknown

/** A running app under test. */
export interface FrameworkHost {
  /** `http://127.0.0.1:port` */
  readonly origin: string
  readonly protocol: 'http/1.1' | 'h2'
  /** The errors that have reached the framework's error path: an error handler, an error log. */
  readonly errors: unknown[]
  /** The app's streams in numbers. */
  stats(): StreamStats
  /** MUST end open streams and stop listening the way the framework's docs say, and resolve when that is done. */
  close(): Promise<void>
}

/**
 * Starts an app that MUST hand every request of any method and path to `handler`, after the request's JSON body, if
 * it has one, was parsed the framework's usual way. `options` are the app's defaults for its streams.
 */
export type StartFramework = (
  handler: Handler,
  options?: GroupOptions & CloseOptions,
) => Promise<FrameworkHost>
