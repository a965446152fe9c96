import { AssertionError } from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { eventually } from './eventually.ts'
import { parseEvents, type ReceivedEvent } from './received-event.ts'

/**
 * A client on a bare TCP socket, for what no HTTP client would do: stall, reset, half-close, pipeline, speak
 * HTTP/1.0. It keeps all that it receives and counts the bytes.
 *
 * @example
 * const client = await RawClient.connect(origin)
 * client.get('/events')
 * await client.receives('first event')
 * client.pause()
 * client.reset()
 */
export class RawClient {
  readonly socket: Socket
  readonly #chunks: Buffer[] = []
  #bytes = 0

  /** Connects to `http://host:port`. */
  static async connect(origin: string): Promise<RawClient> {
    const { hostname, port } = new URL(origin)
    // A URL writes an IPv6 address in brackets, which a socket takes for a name.
    const host = hostname.replace(/^\[|\]$/g, '')
    const socket = connect({ host, port: Number(port), allowHalfOpen: true })
    const client = new RawClient(socket)
    await once(socket, 'connect')
    return client
  }

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#bytes += chunk.length
    })
    // A reset is what tests are about; the socket's 'close' tells.
    socket.on('error', () => {})
  }

  /** How many bytes have come. */
  get bytesReceived(): number {
    return this.#bytes
  }

  /** All that has come, heads and chunk frames included. */
  get text(): string {
    return Buffer.concat(this.#chunks).toString()
  }

  /** The events so far, heads and chunk frames taken off. */
  get events(): ReceivedEvent[] {
    // An event stream has no CR of its own, so CRLF is always the frame's.
    const [head = '', ...rest] = this.text.split('\r\n\r\n')
    const body = rest.join('\r\n\r\n')
    const chunked = /^transfer-encoding: chunked$/im.test(head)
    return parseEvents(chunked ? body.replaceAll(/(?:^|\r\n)[\da-f]+\r\n/gi, '') : body)
  }

  /** The server has ended its side, or the connection is gone. */
  get ended(): boolean {
    return this.socket.readableEnded || this.socket.destroyed
  }

  /** Sends bytes as they are. */
  write(text: string | Uint8Array): void {
    this.socket.write(text)
  }

  /** Sends a GET request. */
  get(path: string, headers: Record<string, string> = {}, version: '1.0' | '1.1' = '1.1'): void {
    const lines = Object.entries({ Host: 'localhost', ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    )
    // latin1: a header's bytes are the test's business.
    this.socket.write(`GET ${path} HTTP/${version}\r\n${lines.join('')}\r\n`, 'latin1')
  }

  /**
   * Waits until `text` is among what has come. Fails at once when the connection ends without it; the message shows
   * the end of all that has come.
   */
  async receives(text: string): Promise<void> {
    const received = () => `received ${this.#bytes} bytes, the last: ${JSON.stringify(this.text.slice(-500))}`
    const isOver = () => this.text.includes(text) || this.ended
    await eventually(`receiving ${JSON.stringify(text)}`, isOver, received)
    if (!this.text.includes(text)) {
      throw new AssertionError({
        message: `The connection ended without ${JSON.stringify(text)}; ${received()}`,
      })
    }
  }

  /** Waits until the server has ended its side, or the connection is gone. */
  async ends(): Promise<void> {
    await eventually('the connection ending', () => this.ended)
  }

  /** Stops reading, so that the server's side fills up. */
  pause(): void {
    this.socket.pause()
  }

  /** Reads on. */
  resume(): void {
    this.socket.resume()
  }

  /** Cuts the connection with a RST. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  /** Sends a FIN and continues to read. */
  halfClose(): void {
    this.socket.end()
  }

  /** Closes the connection with a FIN. */
  close(): void {
    this.socket.destroy()
  }
}
