import { createServer } from 'node:http'
import { openEventStream } from '@downstream/core'
import { startUpstream } from './start-upstream.mjs'

const upstream = await startUpstream()

export const server = createServer((req, res) => {
  if (req.url?.startsWith('/tokens')) relay(openEventStream(req, res), req.url)
  else res.end('pong')
})

/** @param {import('@downstream/core').EventStream} stream @param {string} url */
async function relay(stream, url) {
  await stream.sendAll(({ signal }) => fetch(upstream + url, { signal }))
  stream.close()
}

export function publish() {}
