// The first table of docs/why.md says what the libraries really do.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { readManifest } from '../scripts/pack-packages.mjs'
import { root } from './snippet-project.ts'
import { onSources } from './sources/on-sources.ts'

const page = readFileSync(join(root, 'docs/why.md'), 'utf8')

test('the libraries do what the table in docs/why.md says', async () => {
  const args = [...onSources, 'test/peers/compare.ts']
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root })
  const measured: Record<string, Record<string, string>> = JSON.parse(stdout)

  const [head = [], , ...rows] = page
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(0, 2 + Object.keys(measured.Downstream ?? {}).length)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  const written = head.slice(1).map((name, column) => [name, rows.map((row) => row[column + 1])])
  expect(Object.fromEntries(written)).toEqual(
    Object.fromEntries(Object.entries(measured).map(([name, answers]) => [name, Object.values(answers)])),
  )
})

test('the versions and sizes in docs/why.md are those of the libraries that were run', () => {
  for (const name of ['better-sse', '@fastify/sse', 'express', 'socket.io', 'ws']) {
    const { version } = readManifest(join(root, 'node_modules', name))
    expect(page.toLowerCase()).toMatch(new RegExp(`${name} ${version.replaceAll('.', '\\.')}`))
  }
  const client = readFileSync(join(root, 'node_modules/socket.io-client/dist/socket.io.min.js'))
  expect(page).toContain(`${Math.round(gzipSync(client).length / 1000)} KB compressed`)
})
