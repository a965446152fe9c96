import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { eventually } from '@downstream/testing'
import { createParser } from 'eventsource-parser'
import { onSources } from '../sources/on-sources.ts'

const frameworks = ['express', 'fastify'] as const
const packages = ['ai', 'openai', 'anthropic', 'tanstack', 'langchain', 'mcp']

// A separate process, because some of these packages are ESM only.
let server: ChildProcess
let ports: Record<(typeof frameworks)[number], number>
const log: { asked?: string; left?: string }[] = []

beforeAll(async () => {
  server = fork(join(__dirname, 'relay-server.ts'), {
    execArgv: onSources,
  })
  const [message] = await once(server, 'message')
  ports = message
  expect(message.names).toEqual(packages)
  server.on('message', (one: (typeof log)[number]) => log.push(one))
})

afterAll(() => server?.kill('SIGKILL'))

const url = (framework: (typeof frameworks)[number], path: string) =>
  `http://127.0.0.1:${ports[framework]}/${path}`

/** As an independent parser reads them. */
function parsed(text: string): object[] {
  const events: object[] = []
  const parser = createParser({ onEvent: (event) => events.push(event) })
  parser.feed(text)
  return events
}

async function read(framework: (typeof frameworks)[number], path: string): Promise<object[]> {
  return parsed(await (await fetch(url(framework, path))).text())
}

describe.each(frameworks)('through %s', (framework) => {
  test.each(packages)('the response of %s arrives unchanged, wherever its bytes are cut', async (name) => {
    const raw = await (await fetch(url('express', `raw/${name}`))).text()
    const expected = parsed(raw)
    expect(expected.length).toBeGreaterThanOrEqual(name === 'mcp' ? 1 : 8)
    const received = await read(framework, `cuts/${name}`)
    const size = expected.length + 1
    expect(received).toHaveLength(size * (Buffer.byteLength(raw) - 1))
    const whole = JSON.stringify([...expected, { event: 'next', data: '' }].map(inOrder))
    for (let from = 0; from < received.length; from += size) {
      const one = JSON.stringify(received.slice(from, from + size).map(inOrder))
      if (one !== whole) throw new Error(`Cut at byte ${from / size + 1}:\n${one}\nshould be\n${whole}`)
    }
  })

  test.each(packages)('a function that returns a response of %s is a source', async (name) => {
    // The bytes differ: some of the responses contain random ids.
    const expected = parsed(await (await fetch(url('express', `raw/${name}`))).text())
    expect(await read(framework, `whole/${name}`)).toHaveLength(expected.length)
  })

  test.each(['status', 'type'])('a response of another %s is a 502', async (what) => {
    const response = await fetch(url(framework, `bad/${what}`))
    expect([response.status, await response.text()]).toEqual([502, 'ERR_SSE_INVALID_SOURCE'])
  })

  test.each(['before', 'head'])(
    'a silent upstream (%s) is cancelled when the client disconnects',
    async (which) => {
      log.length = 0
      const leave = new AbortController()
      await fetch(url(framework, `quiet/${which}`), { signal: leave.signal })
      await eventually('the upstream gets the request', () => log.some(({ asked }) => asked === `/${which}`))
      leave.abort()
      await eventually('the upstream is cancelled', () => log.some(({ left }) => left === `/${which}`))
    },
  )
})

function inOrder(event: object): object {
  return Object.fromEntries(Object.entries(event).sort())
}
