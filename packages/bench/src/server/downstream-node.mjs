import { createServer } from 'node:http'
import { createHub, openEventStream } from '@downstream/core'
import { tokens } from '../work.mjs'

const hub = createHub()

export const server = createServer((req, res) => {
  if (req.url === '/events') hub.subscribe(openEventStream(req, res), 'news')
  else if (req.url?.startsWith('/tokens')) sendTokens(openEventStream(req, res), req.url)
  else res.end('pong')
})

/** @param {import('@downstream/core').EventStream} stream @param {string} url */
async function sendTokens(stream, url) {
  await stream.sendAll(tokens(url))
  stream.close()
}

/** @param {string} data */
export function publish(data) {
  hub.publish('news', { data })
}
