import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createHub, sse } from '@downstream/express'
import express from 'express'
import { Market, type Price } from './market.ts'

const port = Number(process.env.PORT || 3000)
const tickMs = Number(process.env.TICK_MS || 500)
const uplot = dirname(createRequire(import.meta.url).resolve('uplot/package.json'))

const market = new Market()
const hub = createHub<{ [channel: `price:${string}`]: { price: Price } }>()

function tick(time: number): void {
  for (const price of market.move(time)) hub.publish(`price:${price.symbol}`, { event: 'price', data: price })
}

const app = express()
// The page writes hub.cursor() into the URL. After a lost connection the browser's Last-Event-ID takes precedence.
const events = sse({ retry: 1000, lastEventIdParameter: 'after' })

app.use(events)
app.use(express.static(fileURLToPath(new URL('../public', import.meta.url))))
app.use('/uplot', express.static(`${uplot}/dist`))

app.get('/stocks', (_req, res) => {
  // The cursor first: a price in between arrives twice, and the page recognizes it by its time.
  const cursor = hub.cursor()
  res.set('Cache-Control', 'no-store').json({ cursor, stocks: market.stocks })
})

app.get('/prices', (req, res) => {
  const symbols = String(req.query.symbols).split(',')
  if (!symbols.every((symbol) => market.has(symbol))) {
    res.status(400).json({ error: 'Name the symbols that you want: /prices?symbols=ACME,BOLT' })
    return
  }
  hub.subscribe(
    res.sse(),
    symbols.map((symbol) => `price:${symbol}` as const),
    // While a page reads too slowly, the hub keeps only the newest price of each channel for it.
    { coalesce: ({ channel }) => channel },
  )
})

/** For your health check. */
app.get('/stats', (_req, res) => {
  res.json(hub.stats())
})

// The page has something to show from the start.
for (let ago = 240; ago > 0; ago--) market.move(Date.now() - ago * tickMs)
const ticking = setInterval(() => tick(Date.now()), tickMs)

const server = app.listen(port, (error) => {
  if (error)
    throw new Error(`Cannot listen on port ${port}. Choose another: PORT=${port + 10} npm start`, {
      cause: error,
    })
  console.log(`http://localhost:${port}`)
})

async function stop() {
  clearInterval(ticking)
  await events.close({ server })
  await hub.close()
}

process.on('SIGINT', stop)
process.on('SIGTERM', stop)
