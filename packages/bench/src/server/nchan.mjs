import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePorts } from '../../../../scripts/free-ports.mjs'
import { howToInstall, partPath } from '../../../../scripts/test-parts.mjs'
import { openFiles } from '../measure/open-files.mjs'
import { pinnedTo } from '../measure/start-process.mjs'
import { eventData } from '../work.mjs'

const MODULES = [
  '/usr/lib/nginx/modules/ngx_nchan_module.so',
  '/usr/lib64/nginx/modules/ngx_nchan_module.so',
  '/usr/local/libexec/nginx/ngx_nchan_module.so',
]
/** What is missing, or undefined if it can be measured. */
export function nchanMissing() {
  if (process.platform !== 'linux') return 'its CPU time is read from /proc'
  if (partPath('nginx') === undefined)
    return `nginx is not installed. To install it: ${howToInstall('nginx')}`
  if (!MODULES.some(existsSync))
    return 'its module is not installed. To install it: sudo apt-get install --no-install-recommends libnginx-mod-nchan'
  return undefined
}

/** @returns {string} */
export function nchanVersion() {
  return (
    spawnSync(partPath('nginx') ?? '', ['-v'], { encoding: 'utf8' })
      .stderr.match(/nginx\/\S+/)?.[0]
      .replace('/', ' ') ?? 'nginx'
  )
}

/** nginx and its module, in C: the cost of the same work without JavaScript. Has the interface of NodeServer. */
export class NchanServer {
  #directory = mkdtempSync(join(tmpdir(), 'bench-nchan-'))
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #master
  #worker = 0
  /** Child processes of Node end with their parent; nginx does not. */
  #onExit = () => {
    this.#master?.kill('SIGKILL')
    if (this.#worker !== 0) process.kill(this.#worker, 'SIGKILL')
    rmSync(this.#directory, { recursive: true, force: true })
  }
  /** @type {import('node:net').Socket | undefined} */
  #publisher

  async listen() {
    const port = await freePorts()
    const template = readFileSync(new URL('nchan.conf', import.meta.url), 'utf8')
    const file = join(this.#directory, 'nginx.conf')
    writeFileSync(
      file,
      template
        .replaceAll('PORT', String(port))
        .replaceAll('FILES', String(openFiles()))
        .replaceAll('MODULE', MODULES.find(existsSync) ?? ''),
    )
    const [program = '', ...args] = [
      ...pinnedTo('server'),
      partPath('nginx') ?? '',
      ...['-p', this.#directory, '-e', 'stderr', '-c', file],
    ]
    this.#master = spawn(program, args, { stdio: 'ignore' })
    process.once('exit', this.#onExit)
    this.#publisher = await connected(port)
    this.#publisher.resume()
    while (this.#worker === 0) {
      await sleep(20)
      this.#worker = childOf(this.#master.pid ?? 0)
    }
    return port
  }

  /** In one write, so that they arrive in one turn. @param {{ from: number, count: number, bytes: number | import('../work.mjs').Kind }} events */
  publish({ from, count, bytes }) {
    let text = ''
    for (let n = 0; n < count; n++) {
      const head = `POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${bytes}\r\n\r\n`
      text += head + eventData(from + n, bytes)
    }
    this.#publisher?.write(text)
  }

  /** @returns {Promise<import('../measure/node-server.mjs').Usage>} */
  async usage() {
    const read = (/** @type {string} */ file) => readFileSync(`/proc/${this.#worker}/${file}`, 'utf8')
    // The sum is in nanoseconds; user and system time are only in hundredths of a second.
    const total = Number(read('schedstat').split(' ')[0]) / 1_000
    const fields = read('stat').split(') ')[1]?.split(' ') ?? []
    const [user, system] = [Number(fields[11]), Number(fields[12])]
    const part = user / Math.max(1, user + system)
    return { user: total * part, system: total * (1 - part) }
  }

  /** @returns {Promise<import('../measure/node-server.mjs').Memory>} */
  async memory() {
    const status = readFileSync(`/proc/${this.#worker}/status`, 'utf8')
    return { rss: Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1]) * 1024 }
  }

  /** It cannot be asked. */
  async connections() {
    await sleep(300)
    return 0
  }

  async startTimer() {}

  /** @returns {Promise<number[]>} It has no timer of ours. */
  async stopTimer() {
    return []
  }

  async startProfile() {}
  async stopProfile() {}

  async stop() {
    this.#publisher?.destroy()
    process.off('exit', this.#onExit)
    if (this.#master?.exitCode === null && this.#master.signalCode === null) {
      const ended = once(this.#master, 'exit')
      this.#master.kill('SIGTERM')
      await ended
    }
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

/** @param {number} pid @returns {number} 0: not yet. */
function childOf(pid) {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0])
}

/** @param {number} port */
async function connected(port) {
  for (let attempt = 0; ; attempt++) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return socket
    } catch (error) {
      if (attempt === 100) throw error
      await sleep(50)
    }
  }
}
