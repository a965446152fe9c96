import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { eventually } from '@downstream/testing'
import { onSources } from '../sources/on-sources.ts'

/**
 * An app of this folder in a separate process, on the sources of our packages. It prints lines of JSON, its ports
 * first.
 */
export class AppProcess {
  /** What it has printed after the first line. */
  readonly lines: unknown[] = []
  readonly #child: ChildProcess
  #ports: unknown

  constructor(file: string) {
    // Modules that are loaded with require() need tsx.
    const args = file.endsWith('.cjs') ? ['--conditions=@downstream/source', '--import', 'tsx'] : onSources
    this.#child = spawn(process.execPath, [...args, join(__dirname, file)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    if (this.#child.stdout === null) throw new Error('The app has no output')
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      if (this.#ports === undefined) this.#ports = JSON.parse(line)
      else this.lines.push(JSON.parse(line))
    })
  }

  ports<Name extends string>(): Promise<Record<Name, number>> {
    return eventually('the ports', () => this.#ports) as Promise<Record<Name, number>>
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#child.kill(signal)
  }

  get exitCode(): number | null {
    return this.#child.exitCode
  }
}
