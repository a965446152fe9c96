// Runs the recipes of docs/monitoring.md on the real instrumentation of HTTP and Fastify. It hooks require(), so this app
// requires everything and is a process of its own. Prints its ports, then each span and each duration that is measured.
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { NodeTracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-node')

/** @param {unknown} line */
const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)

const page = readFileSync(join(__dirname, '../../docs/monitoring.md'), 'utf8')
const section = page.slice(page.indexOf('## OpenTelemetry'))
const [recipe, fastifyRecipe] = Array.from(section.matchAll(/```js\n(.*?)```/gs), ([, code]) => code)
/** @type {import('@opentelemetry/instrumentation-http').HttpInstrumentation} */
const httpInstrumentation = new Function('require', `${recipe}\nreturn httpInstrumentation`)(require)
/** @type {{ fastifyOtel: import('@fastify/otel').FastifyOtelInstrumentation, buildApp: () => Promise<import('fastify').FastifyInstance> }} */
const { fastifyOtel, buildApp } = new Function(
  'require',
  'news',
  `${fastifyRecipe}\nreturn { fastifyOtel, buildApp }`,
)(require, news)

const provider = new NodeTracerProvider({
  spanProcessors: [
    new SimpleSpanProcessor({
      export(spans, done) {
        for (const span of spans)
          print({
            span: span.name,
            kind: span.kind,
            attributes: span.attributes,
            id: span.spanContext().spanId,
            trace: span.spanContext().traceId,
            parent: span.parentSpanContext?.spanId,
            links: span.links.map(({ context }) => context.spanId),
          })
        done({ code: 0 })
      },
      shutdown: async () => {},
    }),
  ],
})
provider.register()
httpInstrumentation.setTracerProvider(provider)
fastifyOtel.setTracerProvider(provider)

const noop = { add() {}, record() {}, addCallback() {}, removeCallback() {} }
/** A meter that prints the measurements of requests. */
const meter = {
  createHistogram: (/** @type {string} */ name) => ({
    record: (/** @type {number} */ value) => print({ metric: name, value }),
  }),
  createCounter: () => noop,
  createUpDownCounter: () => noop,
  createGauge: () => noop,
  createObservableGauge: () => noop,
  createObservableCounter: () => noop,
  createObservableUpDownCounter: () => noop,
  addBatchObservableCallback() {},
  removeBatchObservableCallback() {},
}
httpInstrumentation.setMeterProvider(/** @type {never} */ ({ getMeter: () => meter }))

const { createServer } = require('node:http')
const express = require('express')
const { sse } = require('@downstream/express')

const app = express()
app.use(sse())
app.get(
  '/events',
  (/** @type {import('express').Request} */ _req, /** @type {import('express').Response} */ res) => {
    void res.sse().send('first')
  },
)
app.get(
  '/ping',
  (/** @type {import('express').Request} */ _req, /** @type {import('express').Response} */ res) => {
    res.send('pong')
  },
)
const server = createServer(app).listen(0, '127.0.0.1', async () => {
  const fastifyApp = await buildApp()
  await fastifyApp.listen({ port: 0, host: '127.0.0.1' })
  print({ express: portOf(server), fastify: portOf(fastifyApp.server) })
})

/** @param {import('node:http').Server} server */
function portOf(server) {
  const address = server.address()
  return typeof address === 'object' ? address?.port : undefined
}

async function* news() {
  yield 'first'
  await new Promise(() => {})
}
