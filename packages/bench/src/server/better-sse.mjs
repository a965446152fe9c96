// On node:http, where it is fastest; its README shows the same calls in Express.
import { createServer } from 'node:http'
import { createChannel, createSession } from 'better-sse'
import { tokens } from '../work.mjs'

const channel = createChannel()
/** It has no history: an app keeps its own. @type {{ id: string, data: string }[]} */
const history = []

export const server = createServer(async (req, res) => {
  if (req.url === '/events') {
    const session = await createSession(req, res)
    if (session.lastId) await session.batch((buffer) => replay(buffer, session.lastId))
    channel.register(session)
  } else if (req.url?.startsWith('/tokens')) {
    const session = await createSession(req, res)
    await session.iterate(tokens(req.url))
    res.end()
  } else res.end('pong')
})

/** @param {import('better-sse').EventBuffer} buffer @param {string} lastId */
function replay(buffer, lastId) {
  const at = history.findIndex(({ id }) => id === lastId)
  for (const { id, data } of history.slice(at + 1)) buffer.push(data, 'message', id)
}

/** @param {string} data */
export function publish(data) {
  const id = String(history.length)
  history.push({ id, data })
  channel.broadcast(data, 'message', { eventId: id })
}
