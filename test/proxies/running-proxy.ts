import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePorts } from '../../scripts/free-ports.mjs'
import { PartProcess } from './part-process.ts'
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
  readonly #process: PartProcess

  static async start(proxy: TestedProxy, options: RunningProxyOptions): Promise<RunningProxy> {
    const port = await freePorts()
    const started = new PartProcess(proxy.part, (directory) =>
      proxy.configure(settings(proxy, options), directory, port),
    )
    while (!(await isListening(port))) {
      if (started.hasEnded) throw new Error(`${proxy.name} has ended. Its output:\n${started.output}`)
      await sleep(20)
    }
    return new RunningProxy(started, port)
  }

  private constructor(started: PartProcess, port: number) {
    this.#process = started
    this.url = `http://127.0.0.1:${port}`
  }

  stop(): Promise<void> {
    return this.#process.stop()
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
