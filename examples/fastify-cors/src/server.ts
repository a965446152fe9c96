import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import { createApi } from './api.ts'

const port = Number(process.env.PORT || 3001)
const apiPort = Number(process.env.API_PORT || port + 1)
const origin = `http://localhost:${port}`

const api = await createApi(origin)
await api.listen({ port: apiPort }).catch((cause) => {
  throw new Error(`Cannot listen on port ${apiPort}. Choose another: API_PORT=${apiPort + 10} npm start`, {
    cause,
  })
})

// Browsers open connections in advance; close() alone would wait a minute for such a connection.
const pages = Fastify({ forceCloseConnections: true })
await pages.register(fastifyStatic, { root: fileURLToPath(new URL('../public', import.meta.url)) })
pages.get('/config.json', (_request, reply) => {
  reply.header('Cache-Control', 'no-store').send({
    api: `http://localhost:${(api.server.address() as AddressInfo).port}`,
    // The same server with another name is another origin.
    pages: { allowed: origin, refused: `http://127.0.0.1:${port}` },
  })
})

const stop = () => Promise.all([pages.close(), api.close()])
process.on('SIGINT', stop)
process.on('SIGTERM', stop)

await pages.listen({ port }).catch((cause) => {
  throw new Error(`Cannot listen on port ${port}. Choose another: PORT=${port + 10} npm start`, { cause })
})
console.log(origin)
