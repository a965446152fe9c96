import { once } from 'node:events'
import { tokens } from '../work.mjs'

/**
 * A token stream without a library, at the client's pace.
 *
 * @param {import('node:http').IncomingMessage} req
 * @param {import('node:http').ServerResponse} res
 */
export async function sendTokens(req, res) {
  res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' })
  for await (const token of tokens(req.url)) {
    if (!res.write(`data: ${token}\n\n`)) await once(res, 'drain')
  }
  res.end()
}
