// What the settings of docs/proxies.md need around them: the rest of a configuration, and how to start the proxy.
import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { settingsOnPage } from './settings-on-page.ts'

/** A proxy with settings in docs/proxies.md. */
export interface TestedProxy {
  /** The heading of its section. */
  name: string
  /** As in test-parts.mjs. */
  part: string
  /** The language of the block with its settings. */
  language: string
  /** Whether it notices a disconnected client at once, or only when it writes. */
  noticesDisconnects: boolean
  /** Writes the configuration to `directory` and returns the arguments of the program. */
  configure(settings: string, directory: string, port: number): string[]
}

const isRoot = process.getuid?.() === 0

export const proxies: TestedProxy[] = [
  {
    name: 'nginx',
    part: 'nginx',
    language: 'nginx',
    noticesDisconnects: true,
    configure: (settings, directory, port) => {
      const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        (name) => `${name}_temp_path ${name};`,
      )
      writeFileSync(
        join(directory, 'nginx.conf'),
        `${isRoot ? 'user root;' : ''} pid nginx.pid; error_log error.log; events {}
http { access_log off; ${paths.join(' ')} server { listen 127.0.0.1:${port}; ${settings} } }`,
      )
      return ['-p', directory, '-c', 'nginx.conf', '-g', 'daemon off;']
    },
  },
  {
    name: 'HAProxy',
    part: 'haproxy',
    language: 'haproxy',
    noticesDisconnects: true,
    configure: (settings, directory, port) => {
      const file = join(directory, 'haproxy.cfg')
      writeFileSync(file, settings.replace('bind :80\n', `bind 127.0.0.1:${port}\n`))
      return ['-db', '-f', file]
    },
  },
  {
    name: 'Apache',
    part: 'apache2',
    language: 'apache',
    noticesDisconnects: false,
    configure: (settings, directory, port) => {
      const file = join(directory, 'apache.conf')
      // Its workers run as the user nobody and must be able to read this.
      chmodSync(directory, 0o755)
      writeFileSync(join(directory, 'come-back.asis'), settingsOnPage('Apache', 'asis'))
      const modules = ['mpm_event', 'authz_core', 'unixd', 'proxy', 'proxy_http', 'asis', 'alias']
        .map((name) => [name, join(apacheModules(), `mod_${name}.so`)])
        // Some modules are built in.
        .filter(([, path]) => existsSync(path as string))
        .map(([name, path]) => `LoadModule ${name}_module ${path}`)
      writeFileSync(
        file,
        `${modules.join('\n')}
ServerName localhost
ServerRoot ${directory}
PidFile apache.pid
ErrorLog error.log
Listen 127.0.0.1:${port}
${isRoot ? 'User #65534\nGroup #65534' : ''}
${settings.replaceAll('/etc/apache2/', `${directory}/`)}`,
      )
      return ['-f', file, '-D', 'FOREGROUND']
    },
  },
  {
    name: 'Varnish',
    part: 'varnishd',
    language: 'vcl',
    noticesDisconnects: false,
    configure: (settings, directory, port) => {
      const file = join(directory, 'app.vcl')
      writeFileSync(file, settings)
      return ['-F', '-j', 'none', '-n', directory, '-a', `127.0.0.1:${port}`, '-f', file, '-s', 'malloc,16m']
    },
  },
]

function apacheModules(): string {
  const folders = ['/usr/lib/apache2/modules', '/usr/lib64/httpd/modules', '/usr/libexec/apache2']
  const folder = folders.find((path) => existsSync(path))
  if (folder === undefined) throw new Error(`Apache has its modules in none of ${folders}`)
  return folder
}
