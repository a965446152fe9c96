import { once } from 'node:events'
import { sse } from '@downstream/express'
import express from 'express'
import { assets } from './assets.ts'
import { host } from './host.ts'
import { hub } from './hub.ts'
import { say } from './panels/chat.ts'
import { cancelJob, startJob } from './panels/job.ts'
import { joke } from './panels/jokes.ts'
import { notify, readNotificationType } from './panels/notifications.ts'
import { countOn } from './panels/stats.ts'
import { tokens } from './panels/tokens.ts'
import { pageState } from './panels.ts'
import { viewSource } from './view-source.ts'
import { readChannels, readWord } from './visitor-input.ts'

/** Resolves when it listens, with a function that stops it. */
export async function startExpress(port: number, fastifyPort: number): Promise<() => Promise<void>> {
  const app = express()
  const events = sse({ retry: 1000, lastEventIdParameter: 'after' })

  app.use(events)
  for (const { path, root } of assets) app.use(path, express.static(root))
  app.use(express.json({ limit: '16kb' }))

  app.get('/state', (_req, res) => {
    const other = { framework: 'Fastify', port: fastifyPort }
    res.set('Cache-Control', 'no-store').json({ ...pageState(), framework: 'Express', other })
  })

  // #region events
  app.get('/events', (req, res) => {
    hub.subscribe(res.sse(), readChannels(req.query.channels))
  })
  // #endregion

  // #region notifications
  app.post('/notifications', (req, res) => {
    const type = readNotificationType(req.body?.type)
    if (type) notify(type)
    res.sendStatus(type ? 204 : 400)
  })
  // #endregion

  // #region chat
  app.post('/chat', async (req, res) => {
    const said = await say(req.body, 'Express')
    res.sendStatus(said ? 204 : 400)
  })
  // #endregion

  // #region job
  app.post('/job', (_req, res) => {
    startJob()
    res.sendStatus(204)
  })

  app.delete('/job', (_req, res) => {
    cancelJob()
    res.sendStatus(204)
  })
  // #endregion

  // #region news
  app.get('/news', (req, res) => {
    const key = readWord(req.query.key)
    if (!key) return res.sendStatus(400)
    hub.subscribe(res.sse(), 'news', { key })
  })

  app.post('/cut', async (req, res) => {
    const key = readWord(req.body?.key)
    if (key) await hub.disconnect(key)
    res.sendStatus(204)
  })
  // #endregion

  // #region jokes
  app.get('/jokes', (_req, res) => res.sse(joke))
  // #endregion

  // #region tokens
  app.get('/tokens', (req, res) => {
    const prompt = readWord(req.query.prompt)
    const run = readWord(req.query.run)
    if (!prompt || !run) return res.sendStatus(400)
    return res.sse((stream) => tokens(stream, prompt, run))
  })
  // #endregion

  app.get('/source/:panel', async (req, res) => {
    const excerpts = await viewSource(req.params.panel)
    if (!excerpts) return res.sendStatus(404)
    res.json(excerpts)
  })

  const server = app.listen(port, host)
  countOn('Express', server)
  await once(server, 'listening')

  return () => events.close({ server })
}
