import { type ChildProcess, fork } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { adopt, end } from './child.ts'
import type { ProcessStatus } from './hub.ts'

interface KeptProcessOptions {
  name: string
  /** Relative to this file. */
  file: string
  env: Record<string, string>
  /** How many ms pass before it is restarted after a crash or a kill. */
  restartMs: number
}

/** A process that is restarted when it has ended. Emits `change`, `up` and `down`. */
export class KeptProcess extends EventEmitter {
  readonly #options: KeptProcessOptions
  #child: ChildProcess | undefined
  #state: ProcessStatus['state'] = 'down'
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(options: KeptProcessOptions) {
    super()
    this.#options = options
  }

  get status(): ProcessStatus {
    return { name: this.#options.name, state: this.#state, pid: this.#child?.pid }
  }

  /** Resolves when it is up, that is, when it has sent a message. */
  async start(): Promise<void> {
    this.#start()
    const ended = once(this, 'down').then(() => {
      throw new Error(`${this.#options.name} does not start. Why is said above.`)
    })
    await Promise.race([once(this, 'up'), ended])
  }

  kill(): void {
    this.#child?.kill('SIGKILL')
  }

  /** Asks it to end. Resolves when it is up again. */
  async restart(): Promise<void> {
    const up = once(this, 'up')
    if (this.#child !== undefined) await end(this.#child)
    await up
  }

  /** Ends it permanently. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    if (this.#child !== undefined) await end(this.#child)
  }

  #start(): void {
    const { file, env, restartMs } = this.#options
    // fork() passes on the flags of this process and provides process.send().
    const child = fork(fileURLToPath(new URL(file, import.meta.url)), {
      env: { ...process.env, ...env },
      detached: true,
    })
    this.#child = adopt(child)
    this.#change('starting')
    child.once('message', () => this.#change('up'))
    child.once('exit', (code) => {
      this.#change('down')
      if (!this.#stopped) this.#timer = setTimeout(() => this.#start(), code === 0 ? 0 : restartMs)
    })
  }

  #change(state: ProcessStatus['state']): void {
    this.#state = state
    this.emit('change')
    if (state !== 'starting') this.emit(state)
  }
}
