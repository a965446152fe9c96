// Requests of every shape: a server either refuses one as HTTP or answers with a stream; it never fails.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { eventually, RawClient } from '@downstream/testing'
import fc from 'fast-check'
import { StreamGroup } from '../../src/group/stream-group.ts'
import { createHub } from '../../src/hub/create-hub.ts'
import { serve } from '../stream/serve.ts'

const latin1 = fc.string({
  unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
})
const names = [
  'Last-Event-ID',
  'Accept',
  'Accept-Encoding',
  'Origin',
  'Sec-Fetch-Site',
  'Connection',
  'Cookie',
  'Expect',
  'TE',
]
const header = fc.tuple(fc.oneof(fc.constantFrom(...names), latin1), latin1)
const requests = fc.record({
  method: fc.constantFrom('GET', 'POST', 'HEAD', 'OPTIONS', 'QUERY', 'get'),
  path: fc.oneof(
    fc.constant('/'),
    latin1.map((text) => `/?lastEventId=${text}`),
    latin1.map((text) => `/?${encodeURIComponent(text)}`),
  ),
  version: fc.constantFrom('1.1', '1.0', '2.0'),
  headers: fc.array(header, { maxLength: 6 }),
})

test('no request makes a server fail or leaves a stream open', async () => {
  const errors: unknown[] = []
  const hub = createHub({ onError: (error) => errors.push(error) })
  const group = new StreamGroup({
    limits: { total: 1_000, perKey: 1_000, key: () => 'a' },
    origin: ['https://app.example'],
    compression: 'shared',
  })
  const { origin } = await serve((req, res) => {
    try {
      const stream = group.sse(req, res, { onSourceError: (error) => errors.push(error) })()
      hub.subscribe(stream, 'news')
    } catch (error) {
      errors.push(error)
      res.destroy()
    }
  })
  const stranger = await RawClient.connect(origin)
  stranger.get('/', { Origin: 'https://other.example' })
  await stranger.receives('HTTP/1.1 403')
  stranger.close()
  await fc.assert(
    fc.asyncProperty(requests, async ({ method, path, version, headers }) => {
      const client = await RawClient.connect(origin)
      const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
      client.socket.write(`${method} ${path} HTTP/${version}\r\nHost: a\r\n${lines}\r\n`, 'latin1')
      // Some requests never end; for example, a Content-Length is waited for.
      for (let turns = 0; turns < 20 && client.text === '' && !client.ended; turns++) await nextTurn()
      if (client.text !== '')
        expect(client.text).toMatch(/^HTTP\/1\.1 (100|200|400|403|408|413|414|417|431|505) /)
      client.reset()
    }),
    { numRuns: 300 },
  )
  await eventually('no stream', () => group.stats().open === 0 && hub.stats().streams === 0)
  expect(errors).toEqual([])
  expect(group.stats().opened).toBeGreaterThan(0)
})
