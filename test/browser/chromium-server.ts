import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type BrowserServer, chromium } from 'playwright-core'
import { launchOptions } from './chromium.ts'

/**
 * One Chromium for all test files: to start one takes a second of CPU, and twenty files need one. It starts when the
 * first file asks; see launchChromium().
 */
export class ChromiumServer {
  readonly #server: Server
  #chromium: Promise<BrowserServer> | undefined

  /** Resolves when files can ask for its address: at the URL that this leaves in `CHROMIUM_SERVER`. */
  static async start(): Promise<ChromiumServer> {
    const started = new ChromiumServer()
    const { port } = await started.#listen()
    process.env.CHROMIUM_SERVER = `http://127.0.0.1:${port}`
    return started
  }

  private constructor() {
    this.#server = createServer(async (_, response) => {
      try {
        this.#chromium ??= chromium.launchServer({ ...launchOptions(), host: '127.0.0.1' })
        response.end((await this.#chromium).wsEndpoint())
      } catch (error) {
        response.writeHead(500).end(String(error))
      }
    })
  }

  async stop(): Promise<void> {
    delete process.env.CHROMIUM_SERVER
    this.#server.close()
    this.#server.closeAllConnections()
    await (await this.#chromium?.catch(() => undefined))?.close()
  }

  #listen(): Promise<AddressInfo> {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', () => resolve(this.#server.address() as AddressInfo))
    })
  }
}
