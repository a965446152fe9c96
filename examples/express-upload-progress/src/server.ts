import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type ServerSentEvent, sse } from '@downstream/express'
import express from 'express'
import { Upload } from './upload.ts'

const port = Number(process.env.PORT || 3000)
const directory = process.env.UPLOAD_DIR || tmpdir()
const maxBytes = Number(process.env.MAX_BYTES || 1_000_000_000)
const bytesPerSecond = Number(process.env.BYTES_PER_SECOND || 4_000_000)

const uploads = new Map<string, Upload>()

/** The state of an upload, at most ten times a second. A state that is out of date before it can be sent is skipped. */
async function* progress(upload: Upload, signal: AbortSignal): AsyncGenerator<ServerSentEvent> {
  for (let told = ''; !upload.over; await sleep(100, undefined, { signal })) {
    const status = JSON.stringify(upload)
    if (status !== told) yield { event: 'progress', data: status }
    told = status
  }
  // After this event the page closes its EventSource. Otherwise the browser would reconnect forever.
  yield { event: 'over', id: 'over', data: upload }
}

const app = express()
const events = sse({ retry: 1000 })

app.use(events)
app.use(express.static(fileURLToPath(new URL('../public', import.meta.url))))

// Announced first: a file that is too large is refused before it is sent, and progress can be followed from the first byte.
app.post('/uploads', express.json(), (req, res) => {
  const size = req.body?.size
  if (!Number.isSafeInteger(size) || size < 0 || size > maxBytes) {
    res.status(413).json({ error: `a file may have up to ${maxBytes} bytes` })
    return
  }
  const upload = new Upload(size, directory, bytesPerSecond)
  uploads.set(upload.id, upload)
  res.status(201).location(`/uploads/${upload.id}`).json(upload)
})

app.param('id', (_req, res, next, id) => {
  res.locals.upload = uploads.get(id)
  if (res.locals.upload) next()
  else res.status(404).json({ error: 'there is no such upload, or not any more' })
})

app.get('/uploads/:id/events', (req, res) => {
  // It has received the last event and did not close: after a 204 a browser does not reconnect.
  if (req.get('Last-Event-ID') === 'over') res.sendStatus(204)
  else res.sse(({ signal }) => progress(res.locals.upload, signal))
})

/** The body is the file itself: without parsing, it goes directly from the socket to the disk. */
app.put('/uploads/:id', async (req, res) => {
  const upload: Upload = res.locals.upload
  if (upload.state !== 'waiting' || Number(req.get('Content-Length')) !== upload.size) {
    res.status(409).json({ error: 'announce each file with its size, and send it once' })
    return
  }
  try {
    await upload.receive(req)
    res.sendStatus(202)
    await upload.hash()
  } catch (error) {
    upload.fail(error)
    if (!res.headersSent) res.sendStatus(upload.cancelled ? 409 : 500)
  } finally {
    await upload.throwAway()
  }
})

app.delete('/uploads/:id', (_req, res) => {
  res.locals.upload.cancel()
  res.sendStatus(204)
})

const server = app.listen(port, (error) => {
  if (error)
    throw new Error(`Cannot listen on port ${port}. Choose another: PORT=${port + 10} npm start`, {
      cause: error,
    })
  console.log(`http://localhost:${port}`)
})

async function stop() {
  for (const upload of uploads.values()) upload.cancel()
  await events.close({ server })
}

process.on('SIGINT', stop)
process.on('SIGTERM', stop)
