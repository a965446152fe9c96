import { fileURLToPath } from 'node:url'
import { createHub, sse } from '@downstream/express'
import express from 'express'
import { Job } from './job.ts'

const port = Number(process.env.PORT || 3000)
const stepMs = Number(process.env.STEP_MS || 500)

const jobs = new Map<string, Job>()
const runs = new Set<Promise<void>>()
/** The id of the last event of a job that has ended. */
const farewells = new Map<Job, string>()
const hub = createHub<{
  [channel: `job:${string}`]: { progress: { photo: string; finished: number }; over: Job }
}>()

async function run(job: Job, damaged?: string): Promise<void> {
  const channel = `job:${job.id}` as const
  for await (const photo of job.run(stepMs, damaged)) {
    await hub.publish(channel, { event: 'progress', data: { photo, finished: job.finished } })
  }
  // A browser treats every end of a stream as a lost connection. This event tells the page to close it.
  farewells.set(job, await hub.publish(channel, { event: 'over', data: job }))
  // For clients that do not.
  setTimeout(() => hub.disconnect(job.id), 1000).unref()
}

const app = express()
// The page writes hub.cursor() into the URL. After a lost connection the browser's Last-Event-ID takes precedence.
const events = sse({ retry: 1000, lastEventIdParameter: 'after' })

app.use(events)
app.use(express.static(fileURLToPath(new URL('../public', import.meta.url))))

app.post('/jobs', express.json(), (req, res) => {
  const job = new Job()
  jobs.set(job.id, job)
  const running = run(job, req.body?.fail ? job.photos[15] : undefined)
  runs.add(running)
  running.finally(() => runs.delete(running))
  res.status(202).location(`/jobs/${job.id}`).json(job)
})

app.param('id', (_req, res, next, id) => {
  res.locals.job = jobs.get(id)
  if (res.locals.job) next()
  else res.status(404).json({ error: 'This job does not exist, or no longer exists.' })
})

app.get('/jobs/:id', (_req, res) => {
  // The cursor first: progress in between then arrives twice instead of being lost.
  const cursor = hub.cursor()
  res.set('Cache-Control', 'no-store').json({ cursor, ...res.locals.job })
})

app.delete('/jobs/:id', (_req, res) => {
  res.locals.job.cancel()
  res.sendStatus(204)
})

app.get('/jobs/:id/events', (req, res) => {
  const { job } = res.locals
  const farewell = farewells.get(job)
  if (farewell === undefined) hub.subscribe(res.sse(), `job:${job.id}`, { key: job.id })
  // It has received the last event and did not close: after a 204 a browser does not reconnect.
  else if (req.get('Last-Event-ID') === farewell) res.sendStatus(204)
  else res.sse([{ event: 'over', id: farewell, data: job }])
})

const server = app.listen(port, (error) => {
  if (error)
    throw new Error(`Cannot listen on port ${port}. Choose another: PORT=${port + 10} npm start`, {
      cause: error,
    })
  console.log(`http://localhost:${port}`)
})

async function stop() {
  // These jobs end with the process, and their pages must be notified.
  for (const job of jobs.values()) job.cancel()
  await Promise.all(runs)
  await events.close({ server })
  await hub.close()
}

process.on('SIGINT', stop)
process.on('SIGTERM', stop)
