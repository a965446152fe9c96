import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { AppOptions, AppReport, AppState, ToApp } from './messages.ts'

type Published = [channel: string, number: number, confirmed: boolean]

/** Numbers that a killed process may or may not have published. */
const DOUBTFUL = 200

/** A process of the soak, which is restarted on the same port and continues its numbers. */
export class SoakApp {
  readonly name: string
  readonly #options: AppOptions
  readonly #onPublished: (published: Published) => void
  readonly #numbers = new Map<string, number>()
  #child!: ChildProcess
  #onState: (state: AppState) => void = () => {}
  closing = false

  constructor(name: string, options: AppOptions, onPublished: (published: Published) => void) {
    this.name = name
    this.#options = options
    this.#onPublished = onPublished
    for (const [channel, from] of options.channels) this.#numbers.set(channel, from - 1)
  }

  async start(): Promise<void> {
    const channels = [...this.#numbers].map(([channel, number]): [string, number] => [channel, number + 1])
    this.#child = forkScript('app', { ...this.#options, channels })
    this.#child.on('message', (report: AppReport) => {
      if ('published' in report) {
        this.#numbers.set(report.published[0], report.published[1])
        this.#onPublished(report.published)
      } else if ('state' in report) this.#onState(report.state)
    })
    const child = this.#child
    child.once('exit', (code, signal) => {
      if (!this.closing) throw new Error(`${this.name} has ended: ${code ?? signal}`)
    })
    await once(child, 'message')
    this.closing = false
  }

  /** Restarts it as a deployment does. */
  async restart(): Promise<void> {
    this.closing = true
    this.tell('close')
    await once(this.#child, 'exit')
    await this.start()
  }

  /** Kills and restarts it, as after a crash. */
  async kill(): Promise<void> {
    this.closing = true
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
    for (const [channel, number] of this.#numbers) {
      for (let n = number + 1; n <= number + DOUBTFUL; n++) this.#onPublished([channel, n, false])
      this.#numbers.set(channel, number + DOUBTFUL)
    }
    await this.start()
  }

  async stop(): Promise<void> {
    this.closing = true
    this.tell('close')
    await once(this.#child, 'exit')
  }

  tell(message: ToApp): void {
    if (this.#child.connected) this.#child.send(message)
  }

  state(): Promise<AppState> {
    return new Promise((resolve) => {
      this.#onState = resolve
      this.tell('report')
    })
  }
}

/** Starts a file of this folder in a separate process. */
export function forkScript(name: string, options: object): ChildProcess {
  const child = fork(fileURLToPath(new URL(`${name}.ts`, import.meta.url)), [JSON.stringify(options)], {
    execArgv: [...process.execArgv, '--expose-gc', '--no-warnings'],
  })
  const end = () => void child.kill('SIGKILL')
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
  return child
}
