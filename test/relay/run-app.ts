/** A process that serves the `app` of a file. Sends its port. */
import { once } from 'node:events'
import { createServer } from 'node:http'

const { app } = await import(process.argv[2] as string)
const server = createServer(app).listen(0, '127.0.0.1')
await once(server, 'listening')
process.send?.(server.address())
