// The loop of res-write-node in an Express app, which replaces the prototype of `res`: that makes each of its writes
// slower.
import { createServer } from 'node:http'
import express from 'express'
import { sendTokens } from './send-tokens.mjs'

/** @type {Set<import('express').Response>} */
const responses = new Set()
const app = express()
app.get('/events', (_req, res) => {
  res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' })
  res.flushHeaders()
  responses.add(res)
  res.on('close', () => responses.delete(res))
})
app.get('/tokens', sendTokens)
app.get('/ping', (_req, res) => res.send('pong'))

export const server = createServer(app)
let published = 0

/** @param {string} data */
export function publish(data) {
  const text = `id: ${++published}\ndata: ${data}\n\n`
  for (const res of responses) res.write(text)
}
