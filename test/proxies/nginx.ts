import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from '@downstream/testing'
import { freePorts } from '../../scripts/free-ports.mjs'
import { PartProcess } from './part-process.ts'

/** Settings of a `location` that hold every response back until it has ended, whatever the app asks for. */
export const HOLD_BACK =
  'proxy_http_version 1.0; proxy_buffering on; proxy_ignore_headers X-Accel-Buffering; proxy_buffers 8 1m; proxy_buffer_size 1m;'

/** Settings of a `location` that pass on what the app sends, and an end that is cut off. */
export const STREAM = 'proxy_http_version 1.1;'

/** An nginx that passes requests to apps on this machine. */
export class Nginx {
  readonly url: string
  readonly #process: PartProcess

  /** @param settings - of its only `location` */
  static async start(ports: number[], settings: string): Promise<Nginx> {
    const nginx = new Nginx(ports, settings, await freePorts())
    await eventually('nginx answering', () =>
      fetch(nginx.url).then(
        () => true,
        () => false,
      ),
    )
    return nginx
  }

  private constructor(ports: number[], settings: string, port: number) {
    this.url = `http://127.0.0.1:${port}`
    this.#process = new PartProcess('nginx', (directory) => {
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
      return ['-p', directory, '-c', 'nginx.conf', '-g', 'daemon off; worker_processes 1;']
    })
  }

  stop(): Promise<void> {
    return this.#process.stop()
  }
}
