// Hooks that wait, throw, replace or read the payload, handlers that send, close and throw, and clients that disconnect at
// any of these points, in random order.
import { PassThrough, type Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { isNativeError } from 'node:util/types'
import { type EventStream, sse } from '@downstream/fastify'
import { eventually, RawClient } from '@downstream/testing'
import fc from 'fast-check'
import fastify5, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import fastify4 from 'fastify4'

const acts = ['passes', 'waits', 'sets a header', 'throws', 'disconnects'] as const
const onSendActs = [...acts, 'replaces', 'pipes', 'counts'] as const
const hooks = [
  'onRequest',
  'preParsing',
  'preValidation',
  'preHandler',
  'onSend',
  'onError',
  'onResponse',
] as const
const steps = ['sends', 'waits', 'comments', 'closes', 'throws', 'disconnects'] as const

type Act = (typeof acts)[number]
const hookActs = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<Act>('passes', 'waits', 'sets a header') },
  { weight: 1, arbitrary: fc.constantFrom<Act>('throws', 'disconnects') },
)
const plans = fc.record({
  onRequest: hookActs,
  preParsing: hookActs,
  preValidation: hookActs,
  preHandler: hookActs,
  onSend: fc.oneof(hookActs, fc.constantFrom(...onSendActs)),
  onError: hookActs,
  onResponse: hookActs,
  steps: fc.array(
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom<(typeof steps)[number]>('sends', 'waits', 'comments') },
      { weight: 1, arbitrary: fc.constantFrom(...steps) },
    ),
    { maxLength: 12 },
  ),
  returns: fc.constantFrom('nothing', 'the reply', 'the stream'),
})
type Plan = typeof plans extends fc.Arbitrary<infer T> ? T : never

/** What happens to one request. */
interface Run extends Plan {
  client: RawClient
  streams: EventStream[]
  aborts: number
  sends: Promise<boolean>[]
}

// Errors of Node's own streams are of another realm in Jest. Fastify recognizes an error by `instanceof`, and Fastify 4
// would send such an error as an object, which fails with "cb is not a function".
beforeAll(() => {
  Object.defineProperty(Error, Symbol.hasInstance, {
    configurable: true,
    value(this: unknown, value: unknown) {
      return this === Error ? isNativeError(value) : Function.prototype[Symbol.hasInstance].call(this, value)
    },
  })
})
afterAll(() => {
  Reflect.deleteProperty(Error, Symbol.hasInstance)
})

describe.each([
  ['Fastify 4', fastify4 as unknown as typeof fastify5],
  ['Fastify 5', fastify5],
])('%s', (_name, fastify) => {
  let app: FastifyInstance
  let origin: string
  /** By the path of their request: the hooks of a client that has disconnected continue for a while. */
  const runs = new Map<string, Run>()
  const runOf = ({ url }: { url: string }) => runs.get(url) as Run

  beforeAll(async () => {
    app = fastify()
    await app.register(sse, { onSourceError: () => {}, limits: { total: 1 } })
    app.addHook('onRequest', (request, reply) => perform('onRequest', request, reply))
    app.addHook('preParsing', async (request, reply, payload) => {
      await perform('preParsing', request, reply)
      return payload
    })
    app.addHook('preValidation', (request, reply) => perform('preValidation', request, reply))
    app.addHook('preHandler', (request, reply) => perform('preHandler', request, reply))
    app.addHook('onError', (request, reply) => perform('onError', request, reply))
    app.addHook('onResponse', (request, reply) => perform('onResponse', request, reply))
    app.addHook('onSend', async (request, reply, payload) => {
      await perform('onSend', request, reply)
      const { onSend } = runOf(request)
      const isStream = typeof (payload as Readable | undefined)?.pipe === 'function'
      if (onSend === 'replaces') return 'replaced'
      if (onSend === 'pipes' && isStream) return (payload as Readable).pipe(new PassThrough())
      if (onSend === 'counts' && isStream) (payload as Readable).on('data', () => {})
      return payload
    })
    app.get('/:run', async (request, reply) => {
      const run = runOf(request)
      const stream = reply.sse()
      run.streams.push(stream)
      stream.signal.addEventListener('abort', () => run.aborts++)
      for (const step of run.steps) {
        if (step === 'sends') run.sends.push(stream.send(String(run.sends.length)))
        else if (step === 'comments') run.sends.push(stream.comment('c'))
        else if (step === 'closes') stream.close()
        else await act(step, run)
      }
      stream.close()
      return { nothing: undefined, 'the reply': reply, 'the stream': stream }[run.returns]
    })
    origin = await app.listen({ port: 0, host: '127.0.0.1' })
  })
  afterAll(() => app.close())

  async function perform(hook: (typeof hooks)[number], request: FastifyRequest, reply: FastifyReply) {
    const run = runOf(request)
    if (run[hook] === 'sets a header' && !reply.raw.headersSent) reply.header(`X-${hook}`, 'ran')
    await act(run[hook], run)
  }

  async function act(what: string, { client }: Run): Promise<void> {
    if (what === 'waits') await nextTurn()
    if (what === 'disconnects') client.reset()
    if (what === 'throws') throw new Error('thrown by a hook or the handler')
  }

  test('every request is answered, its stream is over once and its slot is free', async () => {
    let complete = 0
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const client = await RawClient.connect(origin)
        const path = `/${runs.size}`
        const run: Run = { ...plan, client, streams: [], aborts: 0, sends: [] }
        runs.set(path, run)
        client.get(path, { Connection: 'close' })
        await client.ends()
        await eventually('the slot', () => app.sse.size === 0)
        const { steps, sends, streams } = run
        const { opened, closed } = app.sse.stats()
        expect(opened).toBe(Object.values(closed).reduce((sum, count) => sum + count, 0))
        const data = client.events.map(({ data }) => Number(data))
        expect(data).toEqual(data.toSorted((a, b) => a - b))
        const all = [...hooks.map((hook) => (hook === 'onError' ? '' : run[hook])), ...steps]
        if (all.every((one) => !['throws', 'disconnects', 'replaces', 'closes'].includes(one))) {
          complete++
          expect(client.text).toMatch(/^HTTP\/1\.1 200 /)
          const written = steps.filter((step) => step === 'sends' || step === 'comments')
          expect(data).toEqual(written.flatMap((step, n) => (step === 'sends' ? [n] : [])))
        }
        await Promise.all(sends)
        await eventually('the signal', () => run.aborts === streams.length)
      }),
      { numRuns: 300 },
    )
    expect(complete).toBeGreaterThan(0)
    for (const { aborts, streams } of runs.values()) expect(aborts).toBe(streams.length)
  })
})
