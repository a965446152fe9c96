// One object for all clients: it cannot send to one, so it has no token stream, and it keeps no history.
import { createServer } from 'node:http'
import express from 'express'
import SSE from 'express-sse'

const sse = new SSE()
const app = express()
app.get('/events', sse.init)
app.get('/ping', (_req, res) => res.send('pong'))

export const server = createServer(app)
let published = 0

/** @param {string} data */
export function publish(data) {
  sse.send(data, undefined, ++published)
}
