// The real instrumentation of HTTP, Express and Fastify wraps the methods and contexts that a stream uses.
import { eventually, RawClient } from '@downstream/testing'
import { AppProcess } from './app-process.ts'

interface Span {
  name: string
  kind: number
  status?: number
  parent?: string
}

const SERVER = 1
let app: AppProcess
let ports: { express: number; fastify: number }

beforeAll(async () => {
  app = new AppProcess('traced-app.cjs')
  ports = await app.ports()
})
afterAll(() => app.kill())
beforeEach(() => void app.lines.splice(0))

const serverSpans = () => (app.lines as Span[]).filter(({ kind }) => kind === SERVER)

describe.each(['express', 'fastify'] as const)('with %s', (framework) => {
  const trace = '0af7651916cd43dd8448eb211c80319c'
  let client: RawClient
  beforeEach(async () => {
    client = await RawClient.connect(`http://127.0.0.1:${ports[framework]}`)
  })
  afterEach(() => client.close())

  test("a source runs in its request's trace, and the span of the server is over with its stream", async () => {
    client.get('/twice', { traceparent: `00-${trace}-b7ad6b7169203331-01`, Connection: 'close' })
    await client.receives(`data: ${trace}\n\n`)
    expect(serverSpans()).toEqual([])
    await eventually('the end of the span', () => serverSpans().length > 0)
    expect(client.events.map(({ data }) => data)).toEqual([trace, trace])
    expect(serverSpans()).toEqual([
      { name: 'GET /twice', kind: SERVER, status: 200, parent: 'b7ad6b7169203331' },
    ])
  })

  test('the span of a client that disconnects ends once', async () => {
    client.get('/endless')
    await client.receives('data: first\n\n')
    client.reset()
    await eventually('the end of the span', () => serverSpans().length > 0)
    expect(serverSpans()).toEqual([{ name: 'GET /endless', kind: SERVER, status: 200 }])
  })
})
