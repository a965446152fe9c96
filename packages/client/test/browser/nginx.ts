import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '@downstream/testing'
import { freePorts } from '../../../../scripts/free-ports.mjs'
import { howToInstall, partPath } from '../../../../scripts/test-parts.mjs'

/** Settings of a `location` that buffer every response until it has ended, whatever headers the app sends. */
export const HOLD_BACK =
  'proxy_http_version 1.0; proxy_buffering on; proxy_ignore_headers X-Accel-Buffering; proxy_buffers 8 1m; proxy_buffer_size 1m;'

/** An nginx in front of apps on this machine. */
export class Nginx {
  readonly url: string
  readonly #process: ChildProcess
  readonly #directory: string

  /** @param settings - of its only `location` */
  static async start(ports: number[], settings: string): Promise<Nginx> {
    const program = partPath('nginx')
    if (program === undefined) throw new Error(`nginx is missing. To install it: ${howToInstall('nginx')}`)
    const directory = mkdtempSync(join(tmpdir(), 'nginx-'))
    const port = await freePorts()
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${name};`,
    )
    const apps = ports.map((port) => `server 127.0.0.1:${port} max_fails=0;`)
    writeFileSync(
      join(directory, 'nginx.conf'),
      `${process.getuid?.() === 0 ? 'user root;' : ''} pid nginx.pid; error_log error.log; events {}
http { access_log off; ${paths.join(' ')} upstream app { ${apps.join(' ')} }
server { listen 127.0.0.1:${port}; location / { proxy_pass http://app; ${settings} } } }`,
    )
    const nginx = new Nginx(port, directory, program)
    await eventually('nginx answering', () =>
      fetch(nginx.url).then(
        () => true,
        () => false,
      ),
    )
    return nginx
  }

  private constructor(port: number, directory: string, program: string) {
    this.url = `http://127.0.0.1:${port}`
    this.#directory = directory
    const args = ['-p', directory, '-c', 'nginx.conf', '-g', 'daemon off; worker_processes 1;']
    this.#process = spawn(program, args, { detached: true, stdio: 'ignore' })
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const closed = once(this.#process, 'close')
      process.kill(-(this.#process.pid as number), 'SIGKILL')
      await closed
    }
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
