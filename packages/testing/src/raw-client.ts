import { AssertionError } from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { eventually } from './eventually.ts'
import { parseEvents, type ReceivedEvent } from './received-event.ts'
import { resetConnection } from './reset-connection.ts'

/**
 * A client on a bare TCP socket that does what no HTTP client does: stall, reset, half-close, pipeline, use HTTP/1.0.
 * It stores everything that it receives and counts the bytes.
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
    // A URL has an IPv6 address in brackets, which a socket would take for a name.
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
    // Tests reset connections on purpose; the socket's 'close' follows.
    socket.on('error', () => {})
  }

  /** How many bytes were received. */
  get bytesReceived(): number {
    return this.#bytes
  }

  /** Everything that was received, including response headers and chunk frames. */
  get text(): string {
    return Buffer.concat(this.#chunks).toString()
  }

  /** The events so far, without response headers and chunk frames. */
  get events(): ReceivedEvent[] {
    // An event stream contains no CR, so every CRLF belongs to a frame.
    const [head = '', ...rest] = this.text.split('\r\n\r\n')
    const body = rest.join('\r\n\r\n')
    const chunked = /^transfer-encoding: chunked$/im.test(head)
    return parseEvents(chunked ? body.replaceAll(/(?:^|\r\n)[\da-f]+\r\n/gi, '') : body)
  }

  /** Whether the server has ended its side, or the connection is closed. */
  get ended(): boolean {
    return this.socket.readableEnded || this.socket.destroyed
  }

  /** Sends bytes unchanged. */
  write(text: string | Uint8Array): void {
    this.socket.write(text)
  }

  /** Sends a GET request. */
  get(path: string, headers: Record<string, string> = {}, version: '1.0' | '1.1' = '1.1'): void {
    const lines = Object.entries({ Host: 'localhost', ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    )
    // latin1, because a test may send any bytes in a header.
    this.socket.write(`GET ${path} HTTP/${version}\r\n${lines.join('')}\r\n`, 'latin1')
  }

  /**
   * Waits until `text` was received. Fails at once if the connection ends without it; the message contains the end of
   * everything that was received.
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

  /** Waits until the server has ended its side, or the connection is closed. */
  async ends(): Promise<void> {
    await eventually('the connection ending', () => this.ended)
  }

  /** Stops reading, so that the buffers of the server fill up. */
  pause(): void {
    this.socket.pause()
  }

  /** Continues reading. */
  resume(): void {
    this.socket.resume()
  }

  /** Cuts the connection with a RST. */
  reset(): void {
    resetConnection(this.socket)
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
