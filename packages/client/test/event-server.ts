import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Journal } from '../../../test/clients/journal.ts'

export interface Exchange {
  method: string
  headers: IncomingMessage['headers']
  body: string
  res: ServerResponse
  /** Answers with an event stream and this text, and leaves it open. */
  stream(text?: string, headers?: Record<string, string>): void
  /** Answers with this status and ends. */
  answer(status: number, headers?: Record<string, string>): void
}

/** A server that records each request; the test answers it. */
export class EventServer {
  readonly requests: Journal<Exchange> = new Journal<Exchange>()
  readonly #server = createServer(async (req, res) => {
    let body = ''
    for await (const chunk of req) body += chunk
    this.requests.add({
      method: String(req.method),
      headers: req.headers,
      body,
      res,
      stream(text = ':\n\n', headers = {}) {
        res.writeHead(200, { 'Content-Type': 'text/event-stream', ...headers }).write(text)
      },
      answer(status, headers = {}) {
        res.writeHead(status, headers).end()
      },
    })
  })

  static async start(port = 0): Promise<EventServer> {
    const server = new EventServer()
    await once(server.#server.listen(port, '127.0.0.1'), 'listening')
    return server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/events`
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }
}
