import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { howToInstall, partPath } from '../../scripts/test-parts.mjs'

/** A program of scripts/test-parts.mjs as a process, with a temporary directory of its own. */
export class PartProcess {
  /** What it has written to its outputs. */
  output = ''
  readonly #child: ChildProcess
  readonly #directory: string

  /** @param configure - writes its files to the directory, and returns its arguments */
  constructor(part: string, configure: (directory: string) => string[]) {
    const path = partPath(part)
    if (path === undefined) throw new Error(`${part} is missing. To install it: ${howToInstall(part)}`)
    this.#directory = mkdtempSync(join(tmpdir(), `${part}-`))
    this.#child = spawn(path, configure(this.#directory), {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      output?.on('data', (text) => {
        this.output += text
      })
    }
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  async stop(): Promise<void> {
    if (!this.hasEnded) {
      const closed = once(this.#child, 'close')
      // The whole process group: Apache, when it is asked to end, waits for its open streams.
      process.kill(-(this.#child.pid as number), 'SIGKILL')
      await closed
    }
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
