import { createServer } from 'node:http'
import { createHub, sse } from '@downstream/express'
import express from 'express'
import { tokens } from '../work.mjs'

const hub = createHub()
const app = express()
app.use(sse())
app.get('/events', (_req, res) => hub.subscribe(res.sse(), 'news'))
app.get('/tokens', (req, res) => res.sse(tokens(req.url)))
app.get('/ping', (_req, res) => res.send('pong'))

export const server = createServer(app)

/** @param {string} data */
export function publish(data) {
  hub.publish('news', { data })
}
