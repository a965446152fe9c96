import { Readable } from 'node:stream'
import { eventParser, parseEvents, readEvents, takeEvents } from '@downstream/testing'
import request from 'supertest'

const TEXT = ':\n\nevent: time\nid: 7\ndata: a\ndata: b\n\ndata: 😀\n\ndata: cut off'
const EVENTS = [
  { event: 'time', data: 'a\nb', id: '7' },
  { event: 'message', data: '😀', id: undefined },
]

test('parseEvents() returns the events that a client would dispatch', () => {
  expect(parseEvents(TEXT)).toEqual(EVENTS)
})

test.each([
  ['bytes cut anywhere', () => Readable.from([...Buffer.from(TEXT)].map((byte) => Buffer.of(byte)))],
  ['text', () => Readable.from([...TEXT])],
  ["a fetch response's body", () => new Response(TEXT).body as unknown as AsyncIterable<Uint8Array>],
])('readEvents() reads %s', async (_what, body) => {
  const events = []
  for await (const event of readEvents(body())) events.push(event)
  expect(events).toEqual(EVENTS)
})

test('takeEvents() stops reading a stream that continues', async () => {
  const endless = Readable.from(
    (function* () {
      for (;;) yield 'data: again\n\n'
    })(),
  )
  expect(await takeEvents(endless, 3)).toHaveLength(3)
  expect(endless.destroyed).toBe(true)
  expect(await takeEvents(Readable.from(['data: a\n\n']), 3)).toHaveLength(1)
  expect(await takeEvents(Readable.from(['data: a\n\n']), 0)).toEqual([])
})

test('eventParser() gives supertest the events, or the error of a broken response', async () => {
  const app = (cut: boolean) => (_req: unknown, res: import('node:http').ServerResponse) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.write(TEXT)
    setTimeout(() => (cut ? res.destroy() : res.end()), 20)
  }
  const get = (cut: boolean) => request(app(cut)).get('/').buffer(true).parse(eventParser())
  expect((await get(false)).body).toEqual(EVENTS)
  await expect(get(true)).rejects.toThrow('aborted')
})
