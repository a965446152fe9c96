import Fastify from 'fastify'
import { readCertificate } from './certificate.ts'
import { rooms } from './rooms.ts'

const port = Number(process.env.PORT || 3001)

// A client without HTTP/2, an old proxy for example, is served over HTTP/1.1 on the same port.
const app = Fastify({ http2: true, https: { allowHTTP1: true, ...(await readCertificate()) } })
await app.register(rooms)

// To compare with: the same over HTTP/1.1, without TLS, on the next port.
const comparison = Fastify({ forceCloseConnections: true })
await comparison.register(rooms)

const stop = () => Promise.all([app.close(), comparison.close()])
process.on('SIGINT', stop)
process.on('SIGTERM', stop)

await Promise.all([app.listen({ port }), comparison.listen({ port: port + 1 })]).catch((cause) => {
  throw new Error(`Cannot listen on ${port} and ${port + 1}. Choose others: PORT=${port + 10} npm start`, {
    cause,
  })
})
console.log(`https://localhost:${port}`)
