// The messages that a new user meets: each says what happened, with the value, and what to do.
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { createHub, openEventStream } from '@downstream/core'

// Calls as from code without types.
const open = openEventStream as (...args: unknown[]) => { send(event: unknown): unknown }
const hub = createHub() as unknown as Record<'publish' | 'subscribe', (...args: unknown[]) => unknown>
const createHubOf = createHub as (options: unknown) => unknown

const row = { x: 1 }
const promise = Promise.resolve()

test.each<[string, () => unknown, string]>([
  [
    'openEventStream()',
    () => open(),
    'openEventStream(req, res, options?) takes the request and response of node:http or node:http2; got undefined',
  ],
  ["a retry of 'fast'", () => opened({ retry: 'fast' }), 'from 0 to 2147483647 (milliseconds); got "fast".'],
  [
    'keepAlive: true',
    () => opened({ keepAlive: true }),
    'Option keepAlive must be a number above 0 or false; got true.',
  ],
  [
    'a misspelt option',
    () => opened({ keepalive: 1 }),
    'There is no option keepalive. The options of a stream are: retry, keepAlive,',
  ],
  [
    'a misspelt option of a hub',
    () => createHubOf({ lgo: 1 }),
    'There is no option lgo. The options of a hub are: log, tail,',
  ],
  ['send(row)', () => opened({}).send(row), 'wrap a value as { data: value }; got an object with x.'],
  ['send({ data: promise })', () => opened({}).send({ data: promise }), 'Await it first'],
  [
    'publish(channel, row)',
    () => hub.publish('a', row),
    'Wrap a value as data: publish(channel, { data: value }).',
  ],
  [
    'publish(channel, text)',
    () => hub.publish('a', 'hi'),
    'Publish an object: { data }, or { event, data }; got "hi".',
  ],
  [
    'subscribe(res.sse(source))',
    () => hub.subscribe(promise, 'a'),
    'subscribe(stream, channels) takes the stream that res.sse() or reply.sse() returns without a source',
  ],
])('%s says what to do', (_what, call, message) => {
  expect(call).toThrow(message)
})

function opened(options: unknown) {
  const req = new IncomingMessage(new Socket())
  return open(req, new ServerResponse(req), options)
}
