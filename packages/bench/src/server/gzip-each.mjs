// Works like compression middleware on a stream that flushes: a compressor per response, which runs once per event.
import { createServer } from 'node:http'
import { constants, createGzip } from 'node:zlib'

/** @type {Set<import('node:zlib').Gzip>} */
const compressors = new Set()
let published = 0

export const server = createServer((_req, res) => {
  res.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-cache',
    'Content-Encoding': 'gzip',
    Vary: 'Accept-Encoding',
  })
  res.flushHeaders()
  const compressor = createGzip({ flush: constants.Z_SYNC_FLUSH })
  compressor.pipe(res)
  compressors.add(compressor)
  res.on('close', () => compressors.delete(compressor))
})

/** @param {string} data */
export function publish(data) {
  const text = `id: ${++published}\ndata: ${data}\n\n`
  for (const compressor of compressors) compressor.write(text)
}
