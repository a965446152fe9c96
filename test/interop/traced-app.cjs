// The same routes on Express and Fastify, traced by the real OpenTelemetry packages: these hook require(), so
// everything is required, in a separate process. Prints the two ports, then each span that has ended, one line of JSON
// each.
const { ExpressInstrumentation } = require('@opentelemetry/instrumentation-express')
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http')
const { FastifyOtelInstrumentation } = require('@fastify/otel')
const { NodeTracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-node')

/** @param {unknown} line */
const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)

/** @type {import('@opentelemetry/sdk-trace-node').SpanExporter} */
const exporter = {
  export(spans, done) {
    for (const { name, kind, attributes, parentSpanContext } of spans)
      print({
        name,
        kind,
        status: attributes['http.response.status_code'],
        parent: parentSpanContext?.spanId,
      })
    done({ code: 0 })
  },
  shutdown: async () => {},
}
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
provider.register()
const fastifyOtel = new FastifyOtelInstrumentation()
for (const each of [new HttpInstrumentation(), new ExpressInstrumentation(), fastifyOtel])
  each.setTracerProvider(provider)

const { once } = require('node:events')
const { createServer } = require('node:http')
const { trace } = require('@opentelemetry/api')
const express = require('express')
const fastify = require('fastify')
const { sse } = require('@downstream/express')
const { default: plugin } = require('@downstream/fastify')

/** Each event contains the trace in which it was created. */
async function* twice() {
  for (let n = 0; n < 2; n++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    yield trace.getActiveSpan()?.spanContext().traceId ?? 'no span'
  }
}
async function* endless() {
  yield 'first'
  await new Promise(() => {})
}

/** @param {import('node:http').Server} server */
function portOf(server) {
  const address = server.address()
  return typeof address === 'object' ? address?.port : undefined
}

async function main() {
  const app = express()
  app.use(sse({ keepAlive: 100 }))
  app.get('/twice', (_req, res) => res.sse(twice()))
  app.get('/endless', (_req, res) => res.sse(endless()))
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')

  const other = fastify()
  await other.register(fastifyOtel.plugin())
  await other.register(plugin, { keepAlive: 100 })
  other.get('/twice', (_request, reply) => reply.sse(twice()))
  other.get('/endless', (_request, reply) => reply.sse(endless()))
  await other.listen({ port: 0, host: '127.0.0.1' })
  print({ express: portOf(server), fastify: portOf(other.server) })
}
void main()
