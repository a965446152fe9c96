import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { freePorts } from '../../scripts/free-ports.mjs'
import { onSources } from '../sources/on-sources.ts'
import { bundledServer } from './bundled-server.ts'

/** The server of an example, in a separate process. */
export class ExampleServer {
  readonly port: number
  readonly url: string = ''
  readonly #process: ChildProcessByStdio<null, Readable, null>

  /** Resolves when it listens. To restart one, pass the port that it had. */
  static async start(
    example: string,
    env: Record<string, string> = {},
    port?: number,
  ): Promise<ExampleServer> {
    const directory = fileURLToPath(new URL(`../../examples/${example}`, import.meta.url))
    const { scripts } = JSON.parse(readFileSync(`${directory}/package.json`, 'utf8'))
    const file = scripts.start.split(' ').at(-1)
    const args = /\/server\.ts$/.test(file)
      ? [await bundledServer(`${directory}/${file}`)]
      : // Before Node 22.15 the hooks of onSources do not see require(); tsx does.
        file.endsWith('.js')
        ? ['--conditions=@downstream/source', '--import', 'tsx', file]
        : [...onSources, file]
    // As many ports as the example with the most of them needs.
    const server = new ExampleServer(directory, args, env, port ?? (await freePorts(6)))
    const { stdout } = server.#process
    const [line] = await Promise.race([once(stdout, 'data'), once(server.#process, 'exit')])
    const url = String(line)
      .split(/\s+/)
      .find((word) => /^https?:/.test(word) && word.endsWith(`//localhost:${server.port}`))
    if (url !== undefined) return Object.assign(server, { url })
    await server.kill()
    throw new Error(`${example} does not start; its first words: ${line}`)
  }

  /** Like `npm start` of the example, but with the sources of our packages and without a process in between. */
  private constructor(directory: string, args: string[], env: Record<string, string>, port: number) {
    this.port = port
    this.#process = spawn(process.execPath, args, {
      cwd: directory,
      env: { ...process.env, ...env, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  }

  /** Kills it, as a crash does: it cannot end its streams. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const exited = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await exited
  }

  /** Ctrl-C. Resolves with the exit code. */
  interrupt(): Promise<number | null> {
    return this.#end('SIGINT')
  }

  /** SIGTERM, as a deployment sends it. Resolves with the exit code. */
  terminate(): Promise<number | null> {
    return this.#end('SIGTERM')
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const exited = once(this.#process, 'exit', { signal: AbortSignal.timeout(20_000) })
    this.#process.kill(signal)
    const [code] = await exited
    return code
  }
}
