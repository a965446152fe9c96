import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

/** The server of an example in plain JavaScript, `src/server.js`, as a process of its own. */
export class JavaScriptServer {
  readonly url: string
  readonly #process: ChildProcess

  /** Resolves when it listens. */
  static async start(example: string): Promise<JavaScriptServer> {
    const server = new JavaScriptServer(example, await freePort())
    const { stdout } = server.#process
    if (stdout === null) throw new Error('It has no stdout')
    const [line] = await Promise.race([once(stdout, 'data'), once(server.#process, 'exit')])
    if (String(line) === `${server.url}\n`) return server
    await server.kill()
    throw new Error(`${example} does not start; its first words: ${line}`)
  }

  /** tsx is for our packages, which run from their sources here. The example itself needs none. */
  private constructor(example: string, port: number) {
    this.url = `http://localhost:${port}`
    this.#process = spawn(
      process.execPath,
      ['--conditions=@downstream/source', '--import', 'tsx', 'src/server.js'],
      {
        cwd: fileURLToPath(new URL(`../../examples/${example}`, import.meta.url)),
        env: { ...process.env, PORT: String(port) },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
  }

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

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
