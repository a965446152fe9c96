import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Something that test files share, and the information that they get about it. */
export interface SharedPart {
  readonly address: string
  dispose(): unknown
}

type Maker = (of: string) => Promise<SharedPart>

/**
 * What several test files need and is slow to create, such as a browser. Jest's own process creates it when the first
 * file calls `sharedPart()`.
 */
export class SharedParts {
  readonly #server: Server
  readonly #made = new Map<string, Promise<SharedPart>>()

  static async start(makers: Record<string, Maker>): Promise<SharedParts> {
    const parts = new SharedParts(makers)
    await new Promise<void>((resolve) => parts.#server.listen(0, '127.0.0.1', resolve))
    process.env.SHARED_PARTS = `http://127.0.0.1:${(parts.#server.address() as AddressInfo).port}`
    return parts
  }

  private constructor(makers: Record<string, Maker>) {
    this.#server = createServer(async ({ url = '' }, response) => {
      const { pathname, searchParams } = new URL(url, 'http://localhost')
      const name = pathname.slice(1)
      // On a busy machine, a connection that was kept is closed just when the next request uses it.
      response.setHeader('Connection', 'close')
      try {
        const part = this.#made.get(url) ?? makers[name]?.(searchParams.get('of') ?? '')
        if (part === undefined) throw new Error(`There is no shared part ${name}`)
        this.#made.set(url, part)
        response.end((await part).address)
      } catch (error) {
        response.writeHead(500).end(String(error))
      }
    })
  }

  async stop(): Promise<void> {
    delete process.env.SHARED_PARTS
    this.#server.close()
    this.#server.closeAllConnections()
    for (const part of this.#made.values()) await (await part.catch(() => undefined))?.dispose()
  }
}

/** The address of a shared part, of something if its maker asks for that; undefined outside of Jest, where nothing is shared. */
export async function sharedPart(name: string, of = ''): Promise<string | undefined> {
  const server = process.env.SHARED_PARTS
  if (server === undefined) return undefined
  const response = await fetch(`${server}/${name}?${new URLSearchParams({ of })}`)
  const answer = await response.text()
  if (!response.ok) throw new Error(answer)
  return answer
}
