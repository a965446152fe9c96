import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createHub, type EventStream } from '@downstream/core'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { howToInstall, partPath } from '../../scripts/test-parts.mjs'
import { cases, trickyIds } from './events.ts'
import { Journal } from './journal.ts'
import { closeServers, servers } from './servers.ts'

const children: ChildProcess[] = []

interface Curl {
  events: Journal<EventSourceMessage>
  /** Resolves at the end. */
  done: Promise<{ exitCode: number | null; head: string; body: string }>
  kill(): void
}

function curl(...args: string[]): Curl {
  const child = spawn(program as string, ['--silent', '--no-buffer', '--include', ...args])
  children.push(child)
  const events = new Journal<EventSourceMessage>()
  const parser = createParser({ onEvent: (event) => events.add(event) })
  let output = ''
  let fed = 0
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    const headEnd = output.indexOf('\r\n\r\n')
    if (headEnd === -1) return
    const from = Math.max(fed, headEnd + 4)
    fed = output.length
    parser.feed(output.slice(from))
  })
  const done = once(child, 'close').then(([exitCode]) => {
    const [head = '', ...body] = output.split('\r\n\r\n')
    return { exitCode, head, body: body.join('\r\n\r\n') }
  })
  return { events, done, kill: () => child.kill() }
}

afterEach(async () => {
  for (const child of children.splice(0)) child.kill()
  await closeServers()
})

const program = partPath('curl')
if (program === undefined) throw new Error(`curl is missing. To install it: ${howToInstall('curl')}`)

const curlReadsZstd = /^Features:.* zstd\b/m.test(execFileSync(program, ['--version'], { encoding: 'utf8' }))

const versions = servers.flatMap(({ server, start }) =>
  ['1.1', '1.0'].map((version) => ({ server, start, version, flag: `--http${version}` })),
)

describe.each(versions)('$server, HTTP/$version', ({ start, version, flag }) => {
  test('every kind of event arrives unchanged and in order', async () => {
    const server = await start({ '/events': (sse) => sse(cases.map(({ sent }) => sent)) })
    const { events, done } = curl(flag, `${server.url}/events`)
    const { exitCode } = await done
    expect(exitCode).toBe(0)
    const received = events.entries.map(({ event = 'message', data, id }) => ({
      type: event,
      data,
      lastEventId: id,
    }))
    expect(received).toEqual(cases.map((one) => one.received))
  })

  test('headers and body have the form of this HTTP version', async () => {
    const server = await start({ '/events': (sse) => sse(['a']) })
    const { exitCode, head, body } = await curl(flag, `${server.url}/events`).done
    expect(exitCode).toBe(0)
    const [status, ...lines] = head.toLowerCase().split('\r\n')
    expect(status).toBe('http/1.1 200 ok')
    expect(lines).toEqual(
      expect.arrayContaining([
        'content-type: text/event-stream',
        'cache-control: no-cache, no-transform',
        version === '1.1' ? 'connection: keep-alive' : 'connection: close',
      ]),
    )
    expect(lines.includes('transfer-encoding: chunked')).toBe(version === '1.1')
    // curl removes the frames of chunks, so none may be left.
    expect(body).toBe('retry: 3000\n:\n\ndata: a\n\n')
  })

  test('an event arrives while the stream is open, and a disconnect ends the stream', async () => {
    const over = new Journal<string>()
    const server = await start({
      '/events': (sse) =>
        sse(async function* ({ signal }) {
          try {
            yield 'a'
            await once(signal, 'abort')
          } finally {
            over.add(signal.reason.code)
          }
        }),
    })
    const { events, kill, done } = curl(flag, `${server.url}/events`)
    expect(await events.at(0)).toMatchObject({ data: 'a' })
    expect(over.entries).toEqual([])
    kill()
    await done
    expect(await over.at(0)).toBe('ERR_SSE_CLIENT_CLOSED')
  })

  test.each([...trickyIds, 'Grüße 😀'])('Last-Event-ID %j arrives', async (id) => {
    const streams = new Journal<EventStream>()
    const server = await start({
      '/events': (sse) => {
        const stream = sse()
        streams.add(stream)
        stream.close()
      },
    })
    await curl(flag, '--header', `Last-Event-ID: ${id}`, `${server.url}/events`).done
    expect((await streams.at(0)).lastEventId).toBe(id)
  })

  test('a POST with a JSON body is answered with a stream', async () => {
    const server = await start({ '/events': (sse, { body }) => sse([{ data: body }]) })
    const json = '{"question":"Wo? 😀"}'
    const { events, done } = curl(
      flag,
      '--header',
      'Content-Type: application/json',
      '--data',
      json,
      `${server.url}/events`,
    )
    expect(await done).toMatchObject({ exitCode: 0 })
    expect(events.entries).toMatchObject([{ data: json }])
  })

  test('a HEAD request gets the headers and ends', async () => {
    const codes = new Journal<boolean>()
    const server = await start({ '/events': (sse) => codes.add(sse().closed) })
    const { exitCode, head, body } = await curl(flag, '--head', `${server.url}/events`).done
    expect({ exitCode, body }).toEqual({ exitCode: 0, body: '' })
    expect(head).toMatch(/^content-type: text\/event-stream$/im)
    expect(codes.entries).toEqual([true])
  })
})

describe.each(servers)('$server', ({ start }) => {
  test('--compressed: each event arrives when it is sent, and the end is correct', async () => {
    const streams = new Journal<EventStream>()
    const server = await start({ '/events': (sse) => streams.add(sse({ compression: 'own' })) })
    const { events, done } = curl('--compressed', `${server.url}/events`)
    const stream = await streams.at(0)
    for (const [index, one] of cases.entries()) {
      await stream.send(one.sent)
      await events.at(index)
    }
    stream.close()
    const { exitCode, head } = await done
    expect(exitCode).toBe(0)
    expect(head).toMatch(/^content-encoding: gzip$/im)
    expect(events.entries.map(({ data }) => data)).toEqual(cases.map(({ received }) => received.data))
  })

  test.each([
    [['gzip'] as const, '1.1'],
    [['gzip'] as const, '1.0'],
    [['zstd', 'gzip'] as const, '1.1'],
  ])(
    '--compressed by %j over HTTP/%s: each event of a hub arrives when it is published, and the end is correct',
    async (encodings, version) => {
      const hub = createHub({ controlEvents: { bookmark: false } })
      const streams = new Journal<EventStream>()
      const server = await start({
        '/events': (sse) => {
          const stream = sse({ compression: { mode: 'shared', encodings } })
          hub.subscribe(stream, 'news')
          streams.add(stream)
        },
      })
      const { events, done } = curl('--compressed', `--http${version}`, `${server.url}/events`)
      const stream = await streams.at(0)
      const sent = (n: number) => (n === 4 ? 'private' : `Grüße 😀 ${'again and again '.repeat(20)}${n}`)
      for (let n = 0; n < 8; n++) {
        if (n === 4) await stream.send(sent(n))
        else await hub.publish('news', { data: sent(n) })
        expect((await events.at(n)).data).toBe(sent(n))
      }
      stream.close()
      const { exitCode, head } = await done
      expect(exitCode).toBe(0)
      // curl may be built without zstd. It says what it asks for.
      const [coding] = encodings.filter((one) => one === 'gzip' || curlReadsZstd)
      expect(/^content-encoding: (.*)$/im.exec(head)?.[1]).toBe(coding)
      await hub.close()
    },
  )

  test('a cut connection differs from a stream that ended', async () => {
    const server = await start({ '/events': (sse) => void sse().send('a') })
    const { events, done } = curl(`${server.url}/events`)
    await events.at(0)
    server.cut()
    const CURLE_PARTIAL_FILE = 18
    expect(await done).toMatchObject({ exitCode: CURLE_PARTIAL_FILE })
  })
})
