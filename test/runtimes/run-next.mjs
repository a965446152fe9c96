// The recipe of docs/other-frameworks.md with the real Next.js, in development and in production. A part of
// `npm run test:matrix` and not of `npm test`: Next is 350 MB, and builds for half a minute.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePorts } from '../../scripts/free-ports.mjs'
import { packPackages } from '../../scripts/pack-packages.mjs'

/** @import { ChildProcess } from 'node:child_process' */

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'next-'))
// Without a terminal, so that it does not ask.
const env = { ...process.env, CI: '1', NEXT_TELEMETRY_DISABLED: '1' }

try {
  createApp()
  await check('development')
  run('npx', 'next', 'build')
  await check('production')
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function createApp() {
  const page = readFileSync(join(root, 'docs/other-frameworks.md'), 'utf8')
  const section = page.slice(page.indexOf('## Next.js'))
  const [server = '', hub = ''] = [...section.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) =>
    String(code),
  )
  const publish = /`(await hub\.publish\(.*?\}\))`/.exec(section)?.[1]
  assert(server.includes('app.listen(3000)') && hub && publish, 'The recipe of Next.js is not as expected.')

  write('package.json', '{ "type": "module", "private": true }')
  write('server.js', server.replace('app.listen(3000)', 'app.listen(Number(process.env.PORT))'))
  write('hub.js', hub)
  write('app/layout.js', 'export default ({ children }) => <html lang="en"><body>{children}</body></html>')
  write('app/page.js', 'export default () => <h1>Front page</h1>')
  write('app/other/page.js', 'export default () => <h1>Another page</h1>')
  write(
    'app/publish/route.js',
    `import { hub } from '../../hub.js'
    export async function POST() {
      ${publish}
      return new Response(null, { status: 204 })
    }`,
  )

  const spawned = spawnSync('npm', ['run', 'build'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  assert.equal(spawned.status, 0)
  const tarballs = packPackages(join(folder, 'packed'))
  const ours = ['core', 'express'].map((name) => String(tarballs.get(`@downstream/${name}`)))
  run(
    'npm',
    'install',
    '--no-audit',
    '--no-fund',
    'next@16',
    'react@19',
    'react-dom@19',
    'express@5',
    ...ours,
  )
}

/** @param {'development' | 'production'} mode */
async function check(mode) {
  const port = await freePorts(1)
  const url = `http://localhost:${port}`
  const server = spawn('node', ['server.js'], {
    cwd: folder,
    env: { ...env, NODE_ENV: mode, PORT: String(port) },
    stdio: 'inherit',
  })
  try {
    await listening(url, server)
    assert.match(await (await fetch(url)).text(), /Front page/)
    assert.match(await (await fetch(`${url}/other`)).text(), /Another page/)

    const stream = await fetch(`${url}/events`)
    assert.equal(stream.headers.get('content-type'), 'text/event-stream')
    assert.equal((await fetch(`${url}/publish`, { method: 'POST' })).status, 204)
    let text = ''
    for await (const chunk of /** @type {AsyncIterable<Uint8Array>} */ (stream.body)) {
      text += Buffer.from(chunk)
      if (text.includes('event: headline\n')) break
    }
    assert.match(text, /data: \{"title":"One"\}\n/)
    console.log(`Next.js, ${mode}: the page receives what a route handler publishes.`)
  } finally {
    server.kill('SIGKILL')
    await once(server, 'exit')
  }
}

/** @param {string} url @param {ChildProcess} server */
async function listening(url, server) {
  while (server.exitCode === null) {
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error(`The server exited with ${server.exitCode}`)
}

/** @param {string} path @param {string} text */
function write(path, text) {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}

/** @param {[string, ...string[]]} command */
function run(...[program, ...args]) {
  const { status } = spawnSync(program, args, { cwd: folder, env, stdio: 'inherit' })
  assert.equal(status, 0, `${program} ${args.join(' ')}`)
}
