import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHub, openEventStream } from '@downstream/core'
import { servePage } from './page.ts'

interface Stream {
  /** The query of the page that sent the request: `tab=3`. */
  page: string
}

/** A hub that publishes numbers. A page is rendered with the newest number, and its stream starts after it. */
export class LogServer {
  /** The newest number. */
  published = 0
  /** Open streams, without long polls. */
  readonly streams = new Set<Stream>()
  requests = 0
  // On a slow machine, a page may only start after many thousand of numbers.
  readonly #hub = createHub<{ numbers: { number: number } }>({ tail: { length: 1_000_000 } })
  /** The newest number and its cursor: always those of the same event. */
  #start = { number: 0, after: this.#hub.cursor() }
  readonly #server: Server = createServer((req, res) => {
    if (new URL(String(req.url), 'http://localhost').pathname === '/events') this.#follow(req, res)
    else servePage(req, res, this.#start)
  })

  static async start(): Promise<LogServer> {
    const server = new LogServer()
    await once(server.#server.listen(0, '127.0.0.1'), 'listening')
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async publish(): Promise<void> {
    const number = ++this.published
    const after = await this.#hub.publish('numbers', { event: 'number', data: number })
    this.#start = { number, after }
  }

  close(): Promise<void> {
    return this.#hub.close({ server: this.#server })
  }

  #follow(req: IncomingMessage, res: ServerResponse): void {
    this.requests++
    this.#hub.subscribe(openEventStream(req, res, { retry: 100 }), 'numbers')
    if (req.headers.prefer !== undefined) return
    const stream = { page: new URL(String(req.headers.referer)).search.slice(1) }
    this.streams.add(stream)
    res.once('close', () => this.streams.delete(stream))
  }
}
