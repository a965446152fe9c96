import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { createRuns, sse } from '@downstream/express'
import express from 'express'
import { resizePhotos } from './job.ts'

const port = Number(process.env.PORT || 3000)
const stepMs = Number(process.env.STEP_MS || 500)

/** The jobs: each continues whether or not a page shows it. */
const runs = createRuns({ onError: (error, id) => console.log(`Job ${id} failed: ${error}`) })

const app = express()
const events = sse({ retry: 1000 })

app.use(events)
app.use(express.static(fileURLToPath(new URL('../public', import.meta.url))))

app.post('/jobs', express.json(), async (req, res) => {
  const fail = req.body?.fail === true
  const job = await runs.start(randomUUID(), ({ signal }) => resizePhotos(stepMs, fail, signal))
  res.status(202).location(`/jobs/${job.id}`).json(job)
})

app.param('id', async (_req, res, next, id) => {
  res.locals.job = await runs.state(id)
  if (res.locals.job) next()
  else res.status(404).json({ error: 'This job does not exist, or no longer exists.' })
})

app.get('/jobs/:id', (_req, res) => {
  res.set('Cache-Control', 'no-store').json(res.locals.job)
})

app.delete('/jobs/:id', async (req, res) => {
  await runs.stop(req.params.id)
  res.sendStatus(204)
})

app.get('/jobs/:id/events', (req, res) => runs.follow(res.sse(), req.params.id))

const server = app.listen(port, (error) => {
  if (error)
    throw new Error(`Cannot listen on port ${port}. Choose another: PORT=${port + 10} npm start`, {
      cause: error,
    })
  console.log(`http://localhost:${port}`)
})

async function stop() {
  // These jobs end with the process, and their pages receive that as the end of the job.
  await runs.close()
  await events.close({ server })
}

process.on('SIGINT', stop)
process.on('SIGTERM', stop)
