import { fileURLToPath } from 'node:url'
import { createHub, MemoryLog, sse } from '@downstream/express'
import express from 'express'
import { changeCount, type Row, readTable } from './stock.ts'

const port = Number(process.env.PORT || 3000)

// A short history: a page that has missed more events receives the whole table, which is smaller.
const hub = createHub<{ table: { row: Row } }>({ log: new MemoryLog({ length: 100 }) })
const app = express()
const events = sse({ retry: 1_000 })

app.use(events, express.json())
app.use(express.static(fileURLToPath(new URL('../public', import.meta.url))))

// The table first, then its changes. A page that has missed some of them receives the table again.
app.get('/table', (_req, res) => hub.subscribe(res.sse(), 'table', { snapshot: readTable }))

app.post('/rows/:id', (req, res) => {
  const by = Number(req.body.by)
  // Store it before publishing. The event has the whole row, so applying it twice does no harm.
  const row = Number.isSafeInteger(by) ? changeCount(req.params.id, by) : undefined
  if (row === undefined) return void res.status(404).end()
  hub.publish('table', { event: 'row', data: row })
  res.status(204).end()
})

const server = app.listen(port, (error) => {
  if (error)
    throw new Error(`Cannot listen on port ${port}. Choose another: PORT=${port + 10} npm start`, {
      cause: error,
    })
  console.log(`http://localhost:${port}`)
})

async function stop() {
  await events.close({ server })
  await hub.close()
}

process.on('SIGINT', stop)
process.on('SIGTERM', stop)
