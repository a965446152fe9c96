import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePorts } from '../../scripts/free-ports.mjs'
import { howToInstall, partPath } from '../../scripts/test-parts.mjs'
import type { TestedProxy } from './proxies.ts'
import { settingsOnPage } from './settings-on-page.ts'

interface RunningProxyOptions {
  /** The port of the app on this machine. */
  appPort: number
  /** Replaces the 60 of the page. */
  idleSeconds: number
}

/** A proxy with the settings that docs/proxies.md shows. */
export class RunningProxy {
  readonly url: string
  readonly #process: ChildProcess
  readonly #directory: string

  static async start(proxy: TestedProxy, options: RunningProxyOptions): Promise<RunningProxy> {
    const path = partPath(proxy.part)
    if (path === undefined)
      throw new Error(`${proxy.part} is missing. To install it: ${howToInstall(proxy.part)}`)
    const directory = mkdtempSync(join(tmpdir(), 'proxy-'))
    const port = await freePorts()
    const args = proxy.configure(settings(proxy, options), directory, port)
    const child = spawn(path, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    const running = new RunningProxy(child, directory, port)
    let said = ''
    for (const output of [child.stdout, child.stderr]) {
      output.on('data', (text) => {
        said += text
      })
    }
    while (!(await isListening(port))) {
      if (child.exitCode !== null) throw new Error(`${proxy.name} has ended. It said:\n${said}`)
      await sleep(20)
    }
    return running
  }

  private constructor(child: ChildProcess, directory: string, port: number) {
    this.#process = child
    this.#directory = directory
    this.url = `http://127.0.0.1:${port}`
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const closed = once(this.#process, 'close')
      // All of its processes: after SIGTERM Apache waits for its open streams.
      process.kill(-(this.#process.pid as number), 'SIGKILL')
      await closed
    }
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

/** The block of the page, with the port and the time of this test. */
function settings({ name, language }: TestedProxy, { appPort, idleSeconds }: RunningProxyOptions): string {
  return settingsOnPage(name, language)
    .replaceAll(/\b3000\b/g, String(appPort))
    .replaceAll(/\b60(?=s?\b)/g, String(idleSeconds))
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
