import { fileURLToPath } from 'node:url'
import { createHub, MemoryLog, sse } from '@downstream/express'
import express from 'express'
import { changeCount, type Row, readTable } from './stock.ts'

const port = Number(process.env.PORT || 3000)

// A short history: a page that has missed more than that needs the table anew, which is smaller.
const hub = createHub<{ table: { row: Row } }>({ log: new MemoryLog({ length: 100 }) })
const app = express()
const events = sse({ retry: 1_000 })

app.use(events, express.json())
app.use(express.static(fileURLToPath(new URL('../public', import.meta.url))))

// The table first, then its changes; and the table again for whoever has missed some of them.
app.get('/table', (_req, res) => hub.subscribe(res.sse(), 'table', { snapshot: readTable }))

app.post('/rows/:id', (req, res) => {
  const by = Number(req.body.by)
  // First store it, then tell. The event has the row as it is now, so to apply it twice does no harm.
  const row = Number.isSafeInteger(by) ? changeCount(req.params.id, by) : undefined
  if (row === undefined) return void res.status(404).end()
  hub.publish('table', { event: 'row', data: row })
  res.status(204).end()
})

const server = app.listen(port, (error) => {
  if (error) throw error
  console.log(`http://localhost:${port}`)
})

async function stop() {
  await events.close({ server })
  await hub.close()
}

process.on('SIGINT', stop)
process.on('SIGTERM', stop)
