import { once } from 'node:events'
import * as http from 'node:http'
import * as http2 from 'node:http2'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { eventually } from '../eventually.ts'
import { parseEvents, type ReceivedEvent } from '../received-event.ts'
import type { FrameworkHost } from './framework-host.ts'

/** A request of the suite. */
export interface RequestOptions {
  method?: string
  path?: string
  headers?: Record<string, string>
  /** Sent as JSON. */
  body?: unknown
}

/** A response that is being read, over HTTP/1.1 or HTTP/2, and decoded as it arrives. */
export class SuiteClient {
  readonly status: number
  readonly headers: http2.IncomingHttpHeaders
  /** Destroys the connection. */
  readonly destroy: () => void
  readonly #body: Readable
  #text = ''
  #over = false
  #error: unknown
  #complete = false

  constructor(status: number, headers: http2.IncomingHttpHeaders, body: Readable, destroy: () => void) {
    this.status = status
    this.headers = headers
    this.destroy = destroy
    this.#body = body
    const gunzip = headers['content-encoding'] === 'gzip' ? body.pipe(createGunzip()) : undefined
    const content = gunzip ?? body
    content.setEncoding('utf8')
    content.on('data', (text: string) => {
      this.#text += text
    })
    body.on('error', () => {})
    content.on('error', (error) => {
      this.#error = error
    })
    body.on('end', () => {
      this.#complete = true
    })
    content.on('close', () => {
      this.#over = true
    })
    // pipe() does not pass on that the connection was cut.
    body.on('close', () => void gunzip?.end())
  }

  /** The body so far. */
  get text(): string {
    return this.#text
  }

  /** Why the body could not be read to its end. */
  get error(): unknown {
    return this.#error
  }

  /** Whether the body ended normally, and was not cut off. */
  get isComplete(): boolean {
    return this.#complete
  }

  get events(): ReceivedEvent[] {
    return parseEvents(this.#text)
  }

  get data(): string[] {
    return this.events.map((event) => event.data)
  }

  pause(): void {
    this.#body.pause()
  }

  resume(): void {
    this.#body.resume()
  }

  async receives(text: string): Promise<void> {
    await eventually(`receiving ${JSON.stringify(text)}, got ${JSON.stringify(this.text.slice(-200))}`, () =>
      this.#text.includes(text),
    )
  }

  /** Waits for the end of the body, and returns it. */
  async ends(): Promise<string> {
    await eventually('the response ending', () => this.#over)
    return this.#text
  }
}

/** A request in flight. */
export interface SuiteRequest {
  readonly response: Promise<SuiteClient>
  /** Destroys the connection. */
  destroy(): void
}

/** Sends a request over the host's protocol, on a connection of its own. */
export function sendRequest(host: FrameworkHost, options: RequestOptions = {}): SuiteRequest {
  return host.protocol === 'h2' ? sendHttp2(host.origin, options) : sendHttp1(host.origin, options)
}

function sendHttp1(origin: string, options: RequestOptions): SuiteRequest {
  const { method = 'GET', path = '/', headers = {}, body } = options
  const request = http.request(new URL(path, origin), {
    method,
    headers: withJson(headers, body),
    agent: false,
  })
  request.on('error', () => {})
  request.end(body === undefined ? undefined : JSON.stringify(body))
  const destroy = () => void request.destroy()
  const head = once(request, 'response') as Promise<[http.IncomingMessage]>
  const response = head.then(
    ([message]) => new SuiteClient(message.statusCode ?? 0, message.headers, message, destroy),
  )
  // Some cases end the connection before there is a response.
  response.catch(() => {})
  return { response, destroy }
}

function sendHttp2(origin: string, options: RequestOptions): SuiteRequest {
  const { method = 'GET', path = '/', headers = {}, body } = options
  const session = http2.connect(origin)
  session.on('error', () => {})
  const stream = session.request({ ':method': method, ':path': path, ...withJson(headers, body) })
  stream.on('error', () => {})
  stream.on('close', () => session.close())
  stream.end(body === undefined ? undefined : JSON.stringify(body))
  const destroy = () => session.destroy()
  const head = once(stream, 'response') as Promise<
    [http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader]
  >
  const response = head.then(
    ([headers]) => new SuiteClient(headers[':status'] ?? 0, headers, stream, destroy),
  )
  // Some cases end the connection before there is a response.
  response.catch(() => {})
  return { response, destroy }
}

function withJson(headers: Record<string, string>, body: unknown): Record<string, string> {
  return body === undefined ? headers : { 'content-type': 'application/json', ...headers }
}
