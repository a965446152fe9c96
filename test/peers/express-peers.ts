import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { createHub, sse } from '@downstream/express'
import { createChannel, createSession } from 'better-sse'
import compression from 'compression'
import express, { type Express, type Response } from 'express'
import { chunk, chunks, forgedName, IdleSource, type Peer } from './peer.ts'

export function downstream(): Peer {
  const app = expressApp()
  const events = sse()
  const hub = createHub()
  const source = new IdleSource()
  app.use(events)
  app.get('/news', (_req, res) => {
    hub.subscribe(res.sse(), 'news')
  })
  app.get('/name', (_req, res) => {
    void res.sse().send({ event: forgedName, data: 'true' })
  })
  app.get('/source', (_req, res) => res.sse(source))
  app.get('/flood', async (_req, res) => {
    const stream = res.sse()
    for (let n = 0; n < chunks && !stream.closed; n++) {
      void stream.send(chunk)
      await sleep(0)
    }
  })
  return {
    server: createServer(app),
    publish: (title) => void hub.publish('news', { data: { title } }),
    sourceStopped: () => source.stopped,
    end: () => void events.close(),
  }
}

export function betterSse(): Peer {
  const app = expressApp()
  const news = createChannel()
  const source = new IdleSource()
  app.get('/news', async (req, res) => {
    news.register(await createSession(req, res))
  })
  app.get('/name', async (req, res) => {
    const session = await createSession(req, res)
    session.push('true', forgedName)
  })
  app.get('/source', async (req, res) => {
    const session = await createSession(req, res)
    await session.iterate(source)
  })
  app.get('/flood', async (req, res) => {
    const session = await createSession(req, res)
    for (let n = 0; n < chunks && session.isConnected; n++) {
      session.push(chunk)
      await sleep(0)
    }
  })
  return {
    server: createServer(app),
    publish: (title) => news.broadcast({ title }),
    sourceStopped: () => source.stopped,
    end() {},
  }
}

export function resWrite(): Peer {
  const app = expressApp()
  const clients = new Set<Response>()
  const source = new IdleSource()
  const open = (res: Response) => {
    res.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' }).flushHeaders()
  }
  app.get('/news', (_req, res) => {
    open(res)
    clients.add(res)
    res.on('close', () => clients.delete(res))
  })
  app.get('/name', (_req, res) => {
    open(res)
    res.write(`event: ${forgedName}\ndata: true\n\n`)
  })
  app.get('/source', async (_req, res) => {
    open(res)
    for await (const data of source) if (!res.closed) res.write(`data: ${data}\n\n`)
  })
  app.get('/flood', async (_req, res) => {
    open(res)
    for (let n = 0; n < chunks && !res.closed; n++) {
      res.write(`data: ${chunk}\n\n`)
      await sleep(0)
    }
  })
  return {
    server: createServer(app),
    publish: (title) => {
      for (const res of clients) res.write(`data: ${JSON.stringify({ title })}\n\n`)
    },
    sourceStopped: () => source.stopped,
    end() {},
  }
}

function expressApp(): Express {
  const app = express()
  app.use(compression())
  app.use((_req, res, next) => {
    res.set('X-From-The-App', 'yes')
    next()
  })
  return app
}
