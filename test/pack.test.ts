import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { readManifest } from '../scripts/pack-packages.mjs'
import { packages, root } from './snippet-project.ts'

// npm fetches what it does not have yet.
jest.setTimeout(120_000)

const temporary = mkdtempSync(join(tmpdir(), 'pack-'))
const packed = join(temporary, 'packed')
const published = packages.filter((folder) => !readManifest(join(root, folder)).private)
const { repository, bugs } = readManifest(root)

beforeAll(() => {
  run('npm', ['run', 'build'], root)
  run('node', ['scripts/pack.mjs', packed], root)
})

afterAll(() => rmSync(temporary, { recursive: true, force: true }))

test.each(published)('%s says where it comes from, and brings its changelog', (folder) => {
  const manifest = JSON.parse(inTarball(folder, 'package.json'))
  expect(manifest).toMatchObject({
    repository: { ...repository, directory: folder },
    bugs,
    homepage: expect.stringMatching(/\/blob\/main\/docs\/\w/),
    keywords: expect.arrayContaining(['server-sent-events', 'sse']),
    exports: { './package.json': './package.json' },
  })
  expect(inTarball(folder, 'CHANGELOG.md')).toContain(`## ${manifest.version}`)
  expect(inTarball(folder, 'LICENSE')).toContain('MIT')
})

test.each(published)('the readme of %s has no link that only works in the repository', (folder) => {
  const links = [...inTarball(folder, 'README.md').matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link)
  expect(links.filter((link) => !/^(https:|#)/.test(link ?? ''))).toEqual([])
})

test.each(published)('%s has one declaration file a format', (folder) => {
  const files = run('tar', ['-tf', tarball(basename(folder))], root).split('\n')
  expect(files.filter((file) => /\.d\.[cm]?ts$/.test(file)).sort()).toEqual([
    'package/dist/index.d.cts',
    'package/dist/index.d.ts',
  ])
})

// The only way to try the packages while they are not on a registry: README.md promises it.
test('the tarballs can be installed in a project of its own', () => {
  const project = join(temporary, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(project, 'main.js'), program)
  const tarballs = ['core', 'express', 'fastify'].map(tarball)
  run(
    'npm',
    ['install', '--prefer-offline', '--no-audit', '--no-fund', 'express', 'fastify', ...tarballs],
    project,
  )
  expect(run('node', ['main.js'], project)).toBe('@downstream/express function function\n')
})

const program = `
  import { createRequire } from 'node:module'
  import { sse } from '@downstream/express'
  import plugin from '@downstream/fastify'
  const { name } = createRequire(import.meta.url)('@downstream/express/package.json')
  console.log(name, typeof sse(), typeof plugin)
`

function tarball(name: string): string {
  const file = readdirSync(packed).find((each) => each.startsWith(`downstream-${name}-`))
  return join(packed, file ?? `downstream-${name} was not packed`)
}

function inTarball(folder: string, file: string): string {
  return run('tar', ['-xOf', tarball(basename(folder)), `package/${file}`], root)
}

function run(command: string, args: string[], cwd: string): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
