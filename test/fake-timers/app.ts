// A hub on Express and a client of it, for runners other than Jest.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHub, sse } from '@downstream/express'
import { RawClient } from '@downstream/testing'
import express from 'express'

/** Publishes to a client after `fake` has been called, and to another one after `restore`. */
export async function publishUnder(fake: () => void, restore: () => void): Promise<void> {
  const hub = createHub()
  const app = express()
  app.use(sse())
  app.get('/', (_req, res) => hub.subscribe(res.sse(), 'news'))
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const receives = async (text: string) => {
    const client = await RawClient.connect(`http://127.0.0.1:${port}`)
    client.get('/')
    await client.receives('event: bookmark')
    await hub.publish('news', { data: text })
    await client.receives(`data: ${text}\n\n`)
    client.close()
  }
  fake()
  try {
    await receives('while timers are fake')
  } finally {
    restore()
  }
  await receives('real again')
  await hub.close()
  server.closeAllConnections()
  server.close()
}
