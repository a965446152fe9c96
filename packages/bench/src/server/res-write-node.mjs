// Typical code without a library: an event is encoded once, then a loop of res.write. Nothing is bounded, slow clients
// are never disconnected, and there is no keep-alive. Its open responses are those of plain node:http.
import { createServer } from 'node:http'
import { sendTokens } from './send-tokens.mjs'

/** @type {Set<import('node:http').ServerResponse>} */
const responses = new Set()
/** @type {{ id: string, text: string }[]} */
const history = []

export const server = createServer((req, res) => {
  if (req.url === '/events') {
    res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' })
    res.flushHeaders()
    const lastEventId = req.headers['last-event-id']
    if (lastEventId !== undefined) {
      const at = history.findIndex(({ id }) => id === lastEventId)
      for (const { text } of history.slice(at + 1)) res.write(text)
    }
    responses.add(res)
    res.on('close', () => responses.delete(res))
  } else if (req.url?.startsWith('/tokens')) sendTokens(req, res)
  else res.end('pong')
})

/** @param {string} data */
export function publish(data) {
  const id = String(history.length + 1)
  const text = `id: ${id}\ndata: ${data}\n\n`
  history.push({ id, text })
  for (const res of responses) res.write(text)
}
