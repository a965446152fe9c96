import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { copyExample } from '../../scripts/copy-example.mjs'
import { freePorts } from '../../scripts/free-ports.mjs'
import { readManifest } from '../../scripts/pack-packages.mjs'
import { linkPackages, sharedInstall } from './shared-install.ts'
import { terminal } from './terminal.ts'

/**
 * An example after it was copied: outside the workspace, our packages from their tarballs, and npm for everything else.
 */
export class CopiedApp {
  readonly directory: string
  #process: ChildProcessByStdio<null, Readable, null> | undefined

  static async copy(example: string, destination: string): Promise<CopiedApp> {
    copyExample(example, destination)
    await linkPackages(await sharedInstall(), destination)
    return new CopiedApp(destination)
  }

  private constructor(directory: string) {
    this.directory = directory
  }

  /** Plain JavaScript has nothing for the compiler. */
  get isTypeScript(): boolean {
    return 'typescript' in (readManifest(this.directory).devDependencies ?? {})
  }

  /** `npm start`. Resolves with the URL, once it has printed that. */
  async start(): Promise<string> {
    // Enough ports for the example that uses the most.
    const port = await freePorts(6)
    const started = spawn('npm', ['start', '--silent'], {
      cwd: this.directory,
      env: { ...terminal(), PORT: String(port) },
      stdio: ['ignore', 'pipe', 'inherit'],
      // A separate process group, for Ctrl-C.
      detached: true,
    })
    this.#process = started
    const [said] = await Promise.race([once(started.stdout, 'data'), once(started, 'exit')])
    // 'close' is emitted only when all output has been read.
    started.stdout.resume()
    const urls = ['http', 'https'].map((protocol) => `${protocol}://localhost:${port}`)
    const url = String(said)
      .split(/\s+/)
      .find((word) => urls.includes(word))
    if (url !== undefined) return url
    throw new Error(`It does not start; its first words: ${said}`)
  }

  /**
   * Ctrl-C, which a terminal sends to npm and to all processes that npm has started. Rejects if one of them continues.
   */
  async stop(): Promise<void> {
    const started = this.#process
    if (started?.pid === undefined || started.stdout.closed) return
    // Closed when no process is left that could write to it.
    const ended = once(started.stdout, 'close', { signal: AbortSignal.timeout(20_000) })
    try {
      process.kill(-started.pid, 'SIGINT')
      await ended
    } catch (error) {
      process.kill(-started.pid, 'SIGKILL')
      throw new Error('It does not end at Ctrl-C.', { cause: error })
    }
  }
}
