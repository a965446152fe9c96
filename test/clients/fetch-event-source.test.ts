import { fetchEventSource } from '@microsoft/fetch-event-source'
import { eventSourceSuite } from './event-source-suite.ts'
import { Journal } from './journal.ts'
import { usePageGlobals } from './page-globals.ts'
import { closeServers, servers } from './servers.ts'

usePageGlobals()

eventSourceSuite(
  (url, journal) => {
    const leaving = new AbortController()
    fetchEventSource(url, {
      signal: leaving.signal,
      onopen: async () => journal.add('open'),
      onmessage: ({ event, data, id }) => {
        // A block that is only a comment: see below.
        if (event === '' && data === '' && id === '') return
        journal.add({ type: event || 'message', data, lastEventId: id })
      },
      // The client stops at a normal end unless this throws.
      onclose: () => {
        throw new Error('come back')
      },
    })
    return { close: () => leaving.abort() }
  },
  {
    departures: {
      // The client decodes each line separately, which removes a leading U+FEFF from each.
      'data that begins with U+FEFF, in the first event': { data: 'first' },
      'a line that begins with U+FEFF': { data: 'a\nb' },
      // The client joins a line only to non-empty data.
      'empty lines at the beginning': { data: 'a' },
    },
  },
)

describe.each(servers)('$server', ({ start }) => {
  afterEach(closeServers)

  // The standard dispatches nothing for a block without data; this client calls onmessage at every blank line.
  test('each comment block, even the first of every stream, is an empty message', async () => {
    const server = await start({
      '/events': (sse) => sse([{ comment: 'a' }, { event: 'news', data: '' }, { comment: 'b\nc' }]),
    })
    const messages = new Journal<unknown>()
    await fetchEventSource(`${server.url}/events`, { onmessage: (message) => messages.add(message) })
    const nothing = { event: '', data: '', id: '', retry: undefined }
    expect(messages.entries).toEqual([
      { ...nothing, retry: 3_000 },
      nothing,
      { ...nothing, event: 'news' },
      nothing,
    ])
  })

  test('without an onclose that throws, it stops at the end of the stream', async () => {
    const streams = new Journal<unknown>()
    const server = await start({ '/events': (sse) => streams.add(sse(['a'], { retry: 1 })) })
    await fetchEventSource(`${server.url}/events`, {})
    expect(streams.entries).toHaveLength(1)
  })

  test('a POST with a JSON body and its own headers is answered with a stream', async () => {
    const server = await start({
      '/events': (sse, { raw, body }) => sse([{ data: [raw.method, raw.headers.authorization, body] }]),
    })
    const messages = new Journal<string>()
    await fetchEventSource(`${server.url}/events`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: 'Bearer 1' },
      body: JSON.stringify({ question: 'Wo? 😀' }),
      onmessage: ({ data }) => messages.add(data),
    })
    expect(messages.entries).toEqual(['', '["POST","Bearer 1",{"question":"Wo? 😀"}]'])
  })
})
