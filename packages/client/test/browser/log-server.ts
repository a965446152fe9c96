import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Stream {
  /** The query of the page that asked: `tab=3`. */
  page: string
  res: ServerResponse
}

/** Numbered events that are all kept: a client with an id receives those after it, one without a snapshot first. */
export class LogServer {
  /** Numbers of the newest event. */
  published = 0
  /** Open streams. Long polls are not among them. */
  readonly streams = new Set<Stream>()
  requests = 0
  readonly #polls = new Set<() => void>()
  readonly #server = createServer((req, res) => this.#answer(req, res))

  static async start(): Promise<LogServer> {
    const server = new LogServer()
    await once(server.#server.listen(0, '127.0.0.1'), 'listening')
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  publish(): void {
    const text = this.#events(this.published++)
    for (const { res } of this.streams) res.write(text)
    for (const poll of this.#polls) poll()
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  #events(after: number): string {
    let text = ''
    for (let n = after + 1; n <= this.published; n++) text += `id: ${n}\nevent: number\ndata: ${n}\n\n`
    return text
  }

  #answer(req: IncomingMessage, res: ServerResponse): void {
    const { pathname } = new URL(String(req.url), this.url)
    if (pathname === '/client.js') {
      res.setHeader('Content-Type', 'text/javascript')
      res.end(readFileSync(`${__dirname}/../../dist/browser.js`))
    } else if (pathname === '/events') this.#follow(req, res)
    else {
      res.setHeader('Content-Type', 'text/html')
      res.end(pathname === '/other' ? '<!doctype html><title>Other</title>' : page)
    }
  }

  #follow(req: IncomingMessage, res: ServerResponse): void {
    this.requests++
    const id = req.headers['last-event-id']
    const after = id === undefined ? this.published : Number(id)
    const snapshot = id === undefined ? `id: ${after}\nevent: snapshot\ndata: ${after}\n\n` : ''
    const wait = /^wait=(\d+)$/.exec(String(req.headers.prefer))?.[1]
    res.writeHead(200, {
      'Content-Type': 'text/event-stream',
      ...(wait !== undefined && { 'Preference-Applied': `wait=${wait}` }),
    })
    const text = `:\n\n${snapshot}${this.#events(after)}`
    if (wait === undefined) {
      res.write(text)
      const stream = { page: new URL(String(req.headers.referer)).search.slice(1), res }
      this.streams.add(stream)
      res.once('close', () => this.streams.delete(stream))
      return
    }
    const end = () => {
      clearTimeout(timer)
      this.#polls.delete(end)
      res.end(this.#events(after))
    }
    const timer = setTimeout(end, Number(wait) * 1000)
    res.write(`:\n\n${snapshot}`)
    if (snapshot || after < this.published) end()
    else this.#polls.add(end)
  }
}

/** Follows the events, with what is in its query as options, and adds what it receives to `received`. */
const page = `<!doctype html>
<link rel="icon" href="data:,">
<title>Page</title>
<script type="module">
  import { connect } from '/client.js'
  window.received = []
  window.states = []
  const { tab, ...options } = Object.fromEntries(new URLSearchParams(location.search))
  for (const name in options) options[name] = JSON.parse(options[name])
  window.source = connect('events', { retry: { min: 20 }, ...options })
  source.on('snapshot', (number) => received.push(['snapshot', number]))
  source.on('number', (number) => received.push(number))
  source.onState((state) => states.push(state))
</script>`
