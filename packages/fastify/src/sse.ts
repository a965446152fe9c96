import {
  type CloseOptions,
  type EventStreamOptions,
  type PreparedEventStream,
  type SseMethod,
  StreamGroup,
} from '@downstream/core'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { EventStreamPayload } from './event-stream-payload.ts'

declare module 'fastify' {
  interface FastifyReply {
    /** Makes this reply an event stream: see {@link SseMethod}. What the handler returns after it changes nothing. */
    sse: SseMethod
  }
}

/** Options of the plugin: the defaults of every stream, and how they end when the app closes. */
export interface SseOptions extends EventStreamOptions, Pick<CloseOptions, 'drain'> {
  /**
   * The reconnection time in ms that each client is sent when the app closes: a number, or `[least, most]` for a random
   * value of that range. Default: about the stream's own `retry`.
   */
  closeRetry?: CloseOptions['retry']
  /** Name of the method on `reply`, where another plugin has taken `sse`. Default: `sse`. */
  methodName?: string | undefined
}

/** What register() itself understands comes to the plugin too. */
const REGISTER_OPTIONS = new Set(['prefix', 'logLevel', 'logSerializers', 'exposeHeadRoutes'])

/** The stream of a reply that is not through Fastify's hooks yet, for the hook that hears of their errors. */
const HANDED_OVER = Symbol('downstream.handedOver')

/**
 * Fastify 4 and 5 plugin that adds `reply.sse()`. Streams that are open when the app closes end in `preClose`.
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
  const { methodName = 'sse', drain, closeRetry, ...rest } = options
  const defaults = Object.fromEntries(Object.entries(rest).filter(([name]) => !REGISTER_OPTIONS.has(name)))
  const group = new StreamGroup(defaults)
  app.decorateReply(methodName, function (this: FastifyReply, ...args: Parameters<SseMethod>) {
    const method = group.sse(this.request.raw, this.raw, {
      begin: (prepared) => handOver(this, prepared),
      onSourceError: (error) =>
        this.request.log.error({ err: error }, 'the source of an event stream failed'),
    })
    return method(...args)
  })
  app.addHook('onError', async (_request, reply, error) => takeBack(reply, error))
  app.addHook('preClose', () => group.close({ drain, retry: closeRetry }))
}

interface HandedOver {
  [HANDED_OVER]?: PreparedEventStream
}

/** Sends the stream through the reply, and makes the reply deaf to what its handler sends, returns or throws later. */
function handOver(reply: FastifyReply & HandedOver, prepared: PreparedEventStream): void {
  if (reply.sent) {
    // The app has called reply.hijack(): no hook runs any more.
    prepared.begin()
    return
  }
  exemptFromHandlerTimeout(reply)
  reply.code(200)
  for (const [name, value] of prepared.head((name) => reply.getHeader(name))) reply.header(name, value)
  reply[HANDED_OVER] = prepared
  reply.send(new EventStreamPayload(prepared, reply.raw))
  if (reply[HANDED_OVER] === undefined) return
  // An async handler that returns while an onSend hook is pending makes Fastify send a second time.
  reply.send = (payload) => {
    if (payload instanceof Error) {
      reply.request.log.error({ err: payload }, 'the handler of an event stream failed')
      prepared.fail(payload)
    }
    return reply
  }
}

/** A hook failed before the head went out: the reply is Fastify's again, which answers with the error. */
function takeBack(reply: FastifyReply & Partial<HandedOver>, error: Error): void {
  const handedOver = reply[HANDED_OVER]
  if (handedOver === undefined || reply.raw.headersSent) return
  delete reply[HANDED_OVER]
  handedOver.abandon(error)
  // Uncovers the method of the prototype.
  delete (reply as Partial<FastifyReply>).send
}

/**
 * With handlerTimeout (Fastify 5) hijack() stops the timer that would cut the stream off, but on the reply itself it would also hide a late throw of
 * the handler. The listener that it removes is what makes request.signal abort when the client leaves.
 */
function exemptFromHandlerTimeout(reply: FastifyReply): void {
  const { raw, routeOptions } = reply.request
  if (!(routeOptions as { handlerTimeout?: number }).handlerTimeout) return
  const listeners = raw.listeners('close') as (() => void)[]
  Object.create(reply).hijack()
  const left = raw.listeners('close')
  for (const listener of listeners) if (!left.includes(listener)) raw.on('close', listener)
}
