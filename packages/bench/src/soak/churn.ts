// `churn.ts --churns 100000`: clients that connect and disconnect in every way, at any moment. Fails unless the counters of
// both frameworks are exact afterwards.
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { resetConnection } from '../../../testing/src/reset-connection.ts'
import { frameworkApps } from './framework-apps.ts'

const { values } = parseArgs({ options: { churns: { type: 'string', default: '100000' } } })
const churns = Number(values.churns)
/** Concurrently. */
const WIDTH = 100

/** Connects, sends a request and disconnects: before or after the headers, by RST or FIN, with half a request, by HEAD. */
function churn(port: number, n: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const leave = () => void (n % 2 === 0 ? resetConnection(socket) : socket.destroy())
    socket.on('error', () => {})
    socket.on('close', () => resolve())
    socket.on('connect', () => {
      const request = `${n % 10 === 0 ? 'HEAD' : 'GET'} /events HTTP/1.1\r\nHost: a\r\n\r\n`
      socket.write(n % 7 === 0 ? request.slice(0, 20) : request)
      if (n % 3 === 0 || n % 7 === 0) setTimeout(leave, n % 5)
    })
    socket.on('data', leave)
  })
}

let failed = false
for (const [name, start] of Object.entries(frameworkApps)) {
  const app = await start(0)
  let n = 0
  const next = async () => {
    while (n < churns / 2) await churn(app.port, n++)
  }
  await Promise.all(Array.from({ length: WIDTH }, next))
  for (let checks = 0; checks < 100 && app.stats().open > 0; checks++) await sleep(50)
  const { open, opened, closed, refused } = app.stats()
  const over = Object.values(closed).reduce((total, count) => total + count, 0)
  const exact = open === 0 && opened === over && opened > churns / 4 && refused.total + refused.perKey === 0
  failed ||= !exact
  console.log(
    `${name}: ${n} clients, ${opened} streams opened, ${over} over, ${open} open: ${exact ? 'exact' : 'NOT EXACT'}`,
  )
  await app.close()
}
process.exit(failed ? 1 : 0)
