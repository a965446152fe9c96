// `node flood.mjs PORT RATE`: publishes that many rows a second into the log on a Redis, as other processes would, until
// it is killed. Rows that are refused, or that a lost connection takes with it, are not sent again.
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'

const [port = 0, rate = 0] = process.argv.slice(2).map(Number)
const client = createClient({
  disableOfflineQueue: true,
  socket: { port, host: '127.0.0.1', reconnectStrategy: 100 },
})
client.on('error', () => {})
client.connect().catch(() => {})
const name = randomBytes(2).toString('hex')
const started = performance.now()
for (let written = 0; ; await sleep(5)) {
  const due = Math.floor(((performance.now() - started) / 1_000) * rate)
  for (; written < due; written++) {
    const nonce = name + written.toString(36).padStart(4, '0').slice(-4)
    client.sendCommand(['XADD', 'downstream:log', '*', 'n', nonce, 'c', 'load', 'd', '0']).catch(() => {})
  }
}
