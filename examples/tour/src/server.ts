import { startExpress } from './express.ts'
import { startFastify } from './fastify.ts'
import { hub } from './hub.ts'
import { startPanels } from './panels.ts'

const port = Number(process.env.PORT || 3000)
if (!Number.isInteger(port) || port < 1 || port > 65_534) {
  fail(`PORT is ${process.env.PORT}: it must be a number from 1 to 65534.`)
}

startPanels()
const stopExpress = await startExpress(port, port + 1).catch(explain)
const stopFastify = await startFastify(port + 1, port).catch(explain)
console.log(`Express  http://localhost:${port}\nFastify  http://localhost:${port + 1}`)

let stopping = false
// A terminal and npm may both send the signal.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stopping || stop())

async function stop(): Promise<void> {
  stopping = true
  await Promise.all([stopExpress(), stopFastify()])
  await hub.close()
}

function explain(error: NodeJS.ErrnoException & { port?: number }): never {
  if (error.code !== 'EADDRINUSE') throw error
  fail(`Port ${error.port} is taken. Choose others, for example 4000 and 4001: PORT=4000 npm start`)
}

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}
