// Only the generator that the other contestants read. Their cost is the difference.
import { createServer } from 'node:http'
import { openEventStream } from '@downstream/core'
import { eventData, tokens } from '../work.mjs'

export const server = createServer((req, res) => {
  if (req.url?.startsWith('/unwatched')) unwatched(openEventStream(req, res), req.url)
  else res.end('pong')
})

/** @param {import('@downstream/core').EventStream} stream @param {string} url */
async function unwatched(stream, url) {
  for await (const _ of tokens(url));
  stream.send(eventData(0, 20))
  stream.close()
}

export function publish() {}
