import {
  type CloseOptions,
  type GroupOptions,
  invalidOption,
  type PreparedEventStream,
  type SseMethod,
  type SseMethodHost,
  StreamGroup,
  type StreamStats,
} from '@downstream/core'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { EventStreamPayload } from './event-stream-payload.ts'
import { checkLogLevel, isOff, type LogLevel, logStream } from './log-stream.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The streams that were opened by `reply.sse()`. */
    sse: AppStreams
  }
  interface FastifyReply {
    /**
     * Makes this reply an event stream: see {@link SseMethod}. A value that the handler returns after that has no
     * effect.
     */
    sse: SseMethod
  }
}

/** The streams of an app. */
export interface AppStreams {
  /** The streams in numbers. */
  stats(): StreamStats
  /** How many streams are open. */
  readonly size: number
}

/**
 * Options of the plugin: the defaults of every stream, which streams are refused, and how streams end when the app
 * closes.
 */
export interface SseOptions extends GroupOptions<FastifyRequest>, Pick<CloseOptions, 'drain'> {
  /**
   * The reconnection time in ms that each client receives when the app closes: a number, or `[least, most]` for a
   * random value in that range. Default: 0.5 to 1.5 times the stream's own `retry`.
   */
  closeRetry?: CloseOptions['retry']
  /**
   * Name of the method on `reply` and of the statistics on the app, if another plugin already uses `sse`. Default:
   * `sse`.
   */
  methodName?: string | undefined
  /**
   * The level of two lines in the request's log: one when a stream opens, and one with `code`, `duration` in ms and
   * `events` when it has ended. `false`: none. Default: `debug`.
   */
  log?: LogLevel | undefined
  /**
   * Called once, after the response has finished, with the error of a source, or of a handler that fails after
   * `reply.sse()`. Default: `request.log.error`; a process warning if the app has no logger.
   */
  onSourceError?(error: unknown, request: FastifyRequest, reply: FastifyReply): void
}

/** Options of register() itself, which Fastify also passes to the plugin. */
const REGISTER_OPTIONS = new Set(['prefix', 'logLevel', 'logSerializers', 'exposeHeadRoutes'])

/**
 * Marks a reply whose Fastify hooks are still running, and holds its stream for the hook that receives their errors.
 */
const HANDED_OVER = Symbol('downstream.handedOver')

/**
 * Plugin for Fastify 4 and 5 that adds `reply.sse()`. When the app closes, open streams end in `preClose`. `register()`
 * fails with `ERR_SSE_INVALID_OPTION` for an invalid option.
 *
 * @example
 * await app.register(sse)
 * app.get('/time', (request, reply) => reply.sse(everySecond()))
 */
export const sse: FastifyPluginAsync<SseOptions> = fastifyPlugin(registerSse, {
  fastify: '>=4 <6',
  name: '@downstream/fastify',
})

async function registerSse(app: FastifyInstance, options: SseOptions): Promise<void> {
  const { methodName = 'sse', drain, closeRetry, onSourceError = logError, log = 'debug', ...rest } = options
  if (typeof onSourceError !== 'function') throw invalidOption('onSourceError', 'a function', onSourceError)
  checkLogLevel(log)
  const defaults = Object.fromEntries(Object.entries(rest).filter(([name]) => !REGISTER_OPTIONS.has(name)))
  const group = new StreamGroup(defaults)
  app.decorate(methodName, {
    stats: () => group.stats(),
    get size() {
      return group.size
    },
  })
  app.decorateReply(methodName, {
    getter(this: FastifyReply): SseMethod {
      const host: SseMethodHost = {
        begin: (prepared, fail) => {
          logStream(this.request.log, log, prepared)
          handOver(this, prepared, fail)
        },
        onSourceError: (error) => onSourceError(error, this.request, this),
      }
      return group.sse(this.request.raw, this.raw, host, this.request)
    },
  })
  // This hook must not be async, because the handler may return before the next tick.
  app.addHook('onError', (_request, reply, error, done) => {
    takeBack(reply, error)
    done()
  })
  // Runs after all other onSend hooks of the route.
  app.addHook('onRoute', (route) => {
    route.onSend = [...[route.onSend ?? []].flat(), forgetContentType]
  })
  app.addHook('preClose', () => group.close({ drain, retry: closeRetry }))
}

interface HandedOver {
  [HANDED_OVER]?: PreparedEventStream | undefined
}

/** Logs the error. Returns false if the app has no logger (Fastify's default), because nothing is logged then. */
function logError(error: unknown, { log }: FastifyRequest): boolean {
  log.error({ err: error }, 'an event stream failed')
  return !isOff(log)
}

/**
 * Sends the stream through the reply. A value that the handler sends or returns after that is ignored, and an error
 * that it throws is reported.
 */
function handOver(
  reply: FastifyReply & HandedOver,
  prepared: PreparedEventStream,
  fail: (error: unknown) => void,
): void {
  if (reply.sent) {
    // The app has called reply.hijack(), so no hook runs.
    prepared.begin()
    return
  }
  exemptFromHandlerTimeout(reply)
  exemptFromCompression(reply)
  reply.code(prepared.status)
  reply.removeHeader('content-length')
  for (const [name, value] of prepared.head((name) => reply.getHeader(name))) {
    // header() appends to existing cookies, which these already contain.
    reply.removeHeader(name)
    reply.header(name, value)
  }
  reply[HANDED_OVER] = prepared
  reply.send(new EventStreamPayload(prepared, reply.raw))
  if (reply[HANDED_OVER] === undefined) return
  // If an async handler returns while an onSend hook is pending, Fastify sends a second time.
  reply.send = (payload) => {
    if (isThrown(reply, payload)) fail(payload)
    return reply
  }
}

/**
 * Whether the handler threw. Fastify marks the reply then, because the thrown value may not be an Error: `throw {
 * statusCode: 403 }`.
 */
function isThrown(reply: FastifyReply, payload: unknown): boolean {
  if (Object.prototype.toString.call(payload) === '[object Error]') return true
  return markOf(reply, 'isError') === true
}

/** A mark that Fastify sets on a reply, by a symbol that it does not export. */
function markOf(reply: FastifyReply, name: string): unknown {
  const mark = Object.getOwnPropertySymbols(reply).find(
    ({ description }) => description === `fastify.reply.${name}`,
  )
  return mark && (reply as FastifyReply & Record<symbol, unknown>)[mark]
}

/** Lets Fastify answer with the error of a hook that failed before the headers were sent. */
function takeBack(reply: FastifyReply & Partial<HandedOver>, error: Error): void {
  if (!(HANDED_OVER in reply) || reply.raw.headersSent) return
  forgetCoding(reply)
  reply[HANDED_OVER]?.abandon(error)
  // Not deleted: the onSend hooks run for the error too, and when one fails again, the handler may still be pending.
  reply[HANDED_OVER] = undefined
  ignoreSendInsideOnError(reply)
}

/**
 * Ignores calls of send() at the wrong time. The route's handler is still running, and Fastify calls send() when it
 * returns or throws. While onError hooks are pending, Fastify forbids that. While the onSend hooks of the last answer
 * are pending, it would send a second answer.
 */
function ignoreSendInsideOnError(reply: Partial<FastifyReply>): void {
  const send = function (this: FastifyReply, payload: unknown): FastifyReply {
    if (markOf(this, 'nextErrorHandler') === false) return this
    // Restores the method of the prototype.
    delete reply.send
    try {
      return this.send(payload)
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'FST_ERR_SEND_INSIDE_ONERR') throw error
      return this
    } finally {
      reply.send = send
    }
  }
  reply.send = send
}

/** Removes the content type if an onSend hook has replaced the stream with a text, which is no event stream. */
function forgetContentType(
  _request: FastifyRequest,
  reply: FastifyReply & HandedOver,
  payload: unknown,
  done: (error: null, payload: unknown) => void,
): void {
  const isReplaced = typeof payload === 'string' || ArrayBuffer.isView(payload)
  if (isReplaced && reply[HANDED_OVER] !== undefined) {
    reply.removeHeader('content-type')
    forgetCoding(reply)
  }
  done(null, payload)
}

/** What is sent in place of the stream is not compressed as the stream would have been. */
function forgetCoding(reply: FastifyReply & Partial<HandedOver>): void {
  const ours = reply[HANDED_OVER]?.head(() => undefined).find(([name]) => name === 'Content-Encoding')
  if (ours?.[1] === reply.getHeader('content-encoding')) reply.removeHeader('content-encoding')
}

/**
 * With customTypes that match text/, `@fastify/compress` would buffer all events until the end. This header is its
 * documented way to opt out.
 */
function exemptFromCompression(reply: FastifyReply & { compress?: unknown }): void {
  if (reply.compress === undefined) return
  const { request } = reply
  request.headers = { ...request.headers, 'x-no-compression': 'true' }
}

/**
 * With handlerTimeout (Fastify 5), hijack() stops the timer that would cut the stream off. Called on the reply itself,
 * hijack() would also hide a late throw of the handler. The listener that it removes is put back, because it aborts
 * request.signal when the client disconnects.
 */
function exemptFromHandlerTimeout(reply: FastifyReply): void {
  const { raw, routeOptions } = reply.request
  if (!(routeOptions as { handlerTimeout?: number }).handlerTimeout) return
  const listeners = raw.listeners('close') as (() => void)[]
  Object.create(reply).hijack()
  const left = raw.listeners('close')
  for (const listener of listeners) if (!left.includes(listener)) raw.on('close', listener)
}
