import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request for a stream. */
interface Ask {
  method: string | undefined
  lastEventId: unknown
  authorization: unknown
}

/** @param cutLater - cuts the connection once the page has received the event, which would be lost if it came earlier */
type Answer = (res: ServerResponse, ask: Ask, attempt: number, cutLater: () => void) => void

export interface Trial {
  /** A row of the table in docs/client.md. */
  title: string
  /** The response to each attempt. Attempts count from 1. */
  answer: Answer
  /** What must happen. */
  passes(asks: readonly Ask[], received: readonly string[]): boolean
  /** What must not happen, at any time. */
  spoils?(asks: readonly Ask[]): boolean
}

const stream = (res: ServerResponse, text: string) =>
  res.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(text)
const event = (id: number) => `retry: 200\nid: ${id}\ndata: ${id}\n\n`
const refuse = (status: number) => (res: ServerResponse) => void res.writeHead(status).end('No')

/** A first stream that is cut, then the given responses, then a second stream that stays open. */
function between(...answers: ((res: ServerResponse) => void)[]): Answer {
  return (res, _, attempt, cutLater) => {
    if (attempt > 1 && attempt <= 1 + answers.length) {
      answers[attempt - 2]?.(res)
      return
    }
    stream(res, event(attempt === 1 ? 1 : 2))
    if (attempt === 1) cutLater()
  }
}

/** Both events must arrive, and this attempt must send the id of the first one. */
function resumesAt(attempt: number): Trial['passes'] {
  return (asks, received) => received.slice(0, 2).join() === '1,2' && asks[attempt - 1]?.lastEventId === '1'
}

export const trials: Trial[] = [
  {
    title: 'reconnects after a normal end, with its id',
    answer: (res, _, attempt) => {
      stream(res, event(attempt))
      if (attempt === 1) res.end()
    },
    passes: resumesAt(2),
  },
  { title: 'reconnects after a cut, with its id', answer: between(), passes: resumesAt(2) },
  { title: 'survives a 502 of a proxy', answer: between(refuse(502)), passes: resumesAt(3) },
  {
    title: 'survives a 200 with HTML, as from a captive portal',
    answer: between((res) => void res.writeHead(200, { 'Content-Type': 'text/html' }).end('<p>Log in</p>')),
    passes: resumesAt(3),
  },
  {
    title: 'stops after a 204',
    answer: between(refuse(204)),
    passes: (asks) => asks.length === 2,
    spoils: (asks) => asks.length > 2,
  },
  {
    title: 'sends a header',
    answer: (res) => void stream(res, event(1)),
    passes: (asks) => asks.some(({ authorization }) => authorization !== undefined),
  },
  {
    title: 'sends a fresh token after a 401, at once',
    answer: between(refuse(401)),
    passes: ([, refused, accepted]) =>
      accepted !== undefined && accepted.authorization !== refused?.authorization,
  },
  {
    title: 'detects a dead connection',
    answer: (res, _, attempt) => void stream(res, event(attempt)),
    passes: resumesAt(2),
  },
  {
    title: 'works with a proxy that buffers streams',
    // This proxy passes on only responses that have ended.
    answer: (res) => {
      if (!res.req.headers.prefer) return
      const headers = { 'Content-Type': 'text/event-stream', 'Preference-Applied': res.req.headers.prefer }
      res.writeHead(200, headers as Record<string, string>).end(event(1))
    },
    passes: (_, received) => received[0] === '1',
  },
]

/** For requests with another method than GET. */
export const postTrials: Trial[] = [
  {
    title: 'sends a POST, and never repeats it',
    answer: (res, { method }, _, cutLater) => {
      if (method !== 'POST') return
      stream(res, event(1))
      cutLater()
    },
    passes: (asks, received) => asks[0]?.method === 'POST' && received[0] === '1',
    spoils: (asks) => asks.filter(({ method }) => method === 'POST').length > 1,
  },
]

/** One server for all clients and trials: `/<client>/<number of the trial>`, or `/post/<client>/<number>`. */
export class HostileServer {
  readonly asks = new Map<string, Ask[]>()
  readonly #toCut = new Map<string, ServerResponse>()
  readonly #server: Server
  readonly #script: string

  static async start(script: string): Promise<HostileServer> {
    const server = new HostileServer(script)
    await once(server.#server.listen(0), 'listening')
    return server
  }

  /** @param script - of its page */
  private constructor(script: string) {
    this.#script = script
    this.#server = createServer((req, res) => this.#answer(req, res))
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  #answer(req: IncomingMessage, res: ServerResponse): void {
    const { pathname: path, searchParams } = new URL(String(req.url), 'http://localhost')
    // A page has six connections to one host, so each trial has its own host.
    res.setHeader('Access-Control-Allow-Origin', '*')
    res.setHeader('Access-Control-Allow-Headers', '*, authorization, last-event-id, prefer')
    res.setHeader('Access-Control-Expose-Headers', '*')
    if (req.method === 'OPTIONS') {
      res.writeHead(204).end()
    } else if (path.startsWith('/received/')) {
      this.#toCut.get(path.slice('/received/'.length))?.destroy()
      res.end()
    } else if (path === '/script.js') {
      res.setHeader('Content-Type', 'text/javascript')
      res.end(this.#script)
    } else if (path === '/') {
      res.setHeader('Content-Type', 'text/html')
      res.end('<!doctype html><link rel="icon" href="data:,"><script type="module" src="script.js"></script>')
    } else {
      const [, kind, client, number] = path.split('/') as [string, string, string, string]
      const trial = (kind === 'post' ? postTrials : trials)[Number(number)] as Trial
      const name = `${kind}/${client}/${number}`
      const asks = this.asks.get(name) ?? []
      this.asks.set(name, asks)
      const { authorization, 'last-event-id': header } = req.headers
      // reconnecting-eventsource cannot set the header, and neither can any other code that creates a new EventSource.
      const ask = {
        method: req.method,
        lastEventId: header ?? searchParams.get('lastEventId'),
        authorization,
      }
      asks.push(ask)
      trial.answer(res, ask, asks.length, () => this.#toCut.set(name, res))
    }
  }
}
