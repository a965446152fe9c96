// `shutdown.ts --streams 5000 --drain 3000`: ends this many open streams. Fails unless both frameworks finish within
// drain + 1 s, and every client has received a retry, at different times.
import { once } from 'node:events'
import { connect } from 'node:net'
import { parseArgs } from 'node:util'
import { frameworkApps } from './framework-apps.ts'

const { values } = parseArgs({
  options: { streams: { type: 'string', default: '5000' }, drain: { type: 'string', default: '3000' } },
})
const [streams, drain] = [Number(values.streams), Number(values.drain)]

/** Opens a stream; resolves when it is open, with a promise of the retry that it ends with. */
async function open(port: number): Promise<{ end: Promise<number> }> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('error', () => {})
  socket.write('GET /events HTTP/1.1\r\nHost: a\r\n\r\n')
  socket.on('data', (chunk) => {
    text += String(chunk)
  })
  await once(socket, 'data')
  const end = once(socket, 'close').then(() => {
    const retries = text.match(/(?<=^retry: )\d+$/gm) ?? []
    // The first retry is sent when the stream opens, the second at the shutdown.
    return retries.length === 2 ? Number(retries[1]) : Number.NaN
  })
  return { end }
}

let failed = false
for (const [name, start] of Object.entries(frameworkApps)) {
  const app = await start(drain)
  const ends: Promise<number>[] = []
  let asked = 0
  const next = async () => {
    while (asked++ < streams) ends.push((await open(app.port)).end)
  }
  await Promise.all(Array.from({ length: 50 }, next))
  while (app.stats().open < streams) await new Promise((resolve) => setTimeout(resolve, 20))
  const started = performance.now()
  await app.close()
  const took = Math.round(performance.now() - started)
  const retries = await Promise.all(ends)
  const retried = retries.filter((retry) => retry >= 1_500 && retry <= 4_500).length
  const spread = new Set(retries).size
  const good = retried === ends.length && spread > ends.length / 10 && app.stats().open === 0
  failed ||= !good || took > drain + 1_000
  console.log(
    `${name}: ${ends.length} streams ended in ${took} ms with a drain of ${drain} ms; ${retried} received a retry, at ${spread} different times`,
  )
}
process.exit(failed ? 1 : 0)
