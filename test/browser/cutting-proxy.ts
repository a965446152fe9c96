import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { resetConnection } from '../../packages/testing/src/reset-connection.ts'

/** A proxy between a browser and a server that resets or stalls their connections on request. */
export class CuttingProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  /** @param port - of the server, on this machine */
  static async start(port: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(port)
    await once(proxy.#server.listen(0), 'listening')
    return proxy
  }

  private constructor(port: number) {
    this.#server = createServer((client) => {
      const server = connect(port, 'localhost')
      client.pipe(server).pipe(client)
      for (const [socket, other] of [
        [client, server],
        [server, client],
      ] as const) {
        this.#sockets.add(socket)
        socket.on('error', () => {})
        socket.on('close', () => {
          this.#sockets.delete(socket)
          other.destroy()
        })
      }
    })
  }

  get url(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`
  }

  cut(): void {
    for (const socket of this.#sockets) resetConnection(socket)
  }

  /** From now on nothing passes through the open connections, and neither side is notified. New ones work. */
  drop(): void {
    for (const socket of this.#sockets) socket.unpipe().on('data', () => {})
  }

  async close(): Promise<void> {
    this.#server.close()
    this.cut()
    await once(this.#server, 'close')
  }
}
