import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { servePage } from './page.ts'

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
    if (new URL(String(req.url), this.url).pathname === '/events') this.#follow(req, res)
    else servePage(req, res)
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
