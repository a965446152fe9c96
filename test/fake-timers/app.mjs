// A hub on Express and a client of it, for runners of other kinds than Jest.
import { createHub, sse } from '@downstream/express'
import { RawClient } from '@downstream/testing'
import express from 'express'

/** Publishes to a client after `fake` has been called, and to another one after `restore`. */
export async function publishUnder(fake, restore) {
  const hub = createHub()
  const app = express()
  app.use(sse())
  app.get('/', (_req, res) => hub.subscribe(res.sse(), 'news'))
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.on('listening', resolve))
  const hears = async (text) => {
    const client = await RawClient.connect(`http://127.0.0.1:${server.address().port}`)
    client.get('/')
    await client.receives('event: bookmark')
    await hub.publish('news', { data: text })
    await client.receives(`data: ${text}\n\n`)
    client.close()
  }
  fake()
  try {
    await hears('while timers are fake')
  } finally {
    restore()
  }
  await hears('real again')
  await hub.close()
  server.closeAllConnections()
  server.close()
}
