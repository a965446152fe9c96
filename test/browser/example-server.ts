import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

/** The server of an example, as a process of its own. */
export class ExampleServer {
  readonly port: number
  readonly #process: ChildProcessByStdio<null, Readable, null>

  /** Resolves when it listens. To restart one, give it the port that it had. */
  static async start(example: string, env: Record<string, string>, port?: number): Promise<ExampleServer> {
    const server = new ExampleServer(example, env, port ?? (await freePort()))
    const { stdout } = server.#process
    const [line] = await Promise.race([once(stdout, 'data'), once(server.#process, 'exit')])
    if (String(line).split(/\s+/).includes(server.url)) return server
    await server.kill()
    throw new Error(`${example} does not start; its first words: ${line}`)
  }

  /** As the example's `npm start` does, but on the sources of our packages, and without a process in between. */
  private constructor(example: string, env: Record<string, string>, port: number) {
    this.port = port
    this.#process = spawn(
      process.execPath,
      ['--conditions=@downstream/source', '--import', 'tsx', 'src/server.ts'],
      {
        cwd: fileURLToPath(new URL(`../../examples/${example}`, import.meta.url)),
        env: { ...process.env, ...env, PORT: String(port) },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
  }

  get url(): string {
    return `http://localhost:${this.port}`
  }

  /** No chance to say goodbye: what a crash does. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const exited = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await exited
  }

  /** Ctrl-C. Resolves with the exit code. */
  async interrupt(): Promise<number | null> {
    const exited = once(this.#process, 'exit', { signal: AbortSignal.timeout(5_000) })
    this.#process.kill('SIGINT')
    const [code] = await exited
    return code
  }
}

/** The port after it is free as well: the tour has two servers. */
async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(0)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const next = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      next.once('error', () => resolve(false))
      next.listen(port + 1, () => resolve(true))
    })
    const open = isFree ? [server, next] : [server]
    await Promise.all(open.map((each) => once(each.close(), 'close')))
    if (isFree) return port
  }
}
