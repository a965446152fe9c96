import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { readManifest } from '../scripts/pack-packages.mjs'
import { sharedTarballs } from './shared-tarballs.ts'
import { packages, root } from './snippet-project.ts'

const temporary = mkdtempSync(join(tmpdir(), 'pack-'))
let packed: string
const published = packages.filter((folder) => !readManifest(join(root, folder)).private)
const { repository, bugs } = readManifest(root)

beforeAll(async () => {
  packed = await sharedTarballs()
})

afterAll(() => rmSync(temporary, { recursive: true, force: true }))

test.each(published)('%s names its repository, and contains its changelog', (folder) => {
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

test.each(published)('%s has one declaration file per format', (folder) => {
  const files = run('tar', ['-tf', tarball(basename(folder))], root).split('\n')
  expect(files.filter((file) => /\.d\.[cm]?ts$/.test(file)).sort()).toEqual([
    'package/dist/index.d.cts',
    'package/dist/index.d.ts',
  ])
})

// Each of them is code that somebody else can change. SECURITY.md says that there are no others.
test('the packages depend on nothing but core, fastify-plugin and eventsource-parser', () => {
  const dependencies = published.map((folder) => {
    const { name, dependencies = {} } = JSON.parse(inTarball(folder, 'package.json'))
    return [name, Object.keys(dependencies).sort()]
  })
  expect(Object.fromEntries(dependencies)).toEqual({
    '@downstream/client': [],
    '@downstream/core': [],
    '@downstream/express': ['@downstream/core'],
    '@downstream/fastify': ['@downstream/core', 'fastify-plugin'],
    '@downstream/redis': ['@downstream/core'],
    '@downstream/testing': ['@downstream/core', 'eventsource-parser'],
  })
})

// The only way to try the packages before they are on a registry: README.md promises it.
test('the tarballs can be installed in a separate project', () => {
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
  // The JavaScript is run; the compiler checks that the declarations agree with it.
  writeFileSync(join(project, 'main.cjs'), commonJs)
  expect(run('node', ['main.cjs'], project)).toBe('function function true ready\n')
  writeFileSync(join(project, 'types.cts'), types)
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node']
  const typeRoots = ['--typeRoots', join(root, 'node_modules/@types')]
  run(join(root, 'node_modules/.bin/tsc'), [...options, ...typeRoots, 'types.cts'], project)
})

const program = `
  import { createRequire } from 'node:module'
  import { sse } from '@downstream/express'
  import plugin from '@downstream/fastify'
  const { name } = createRequire(import.meta.url)('@downstream/express/package.json')
  console.log(name, typeof sse(), typeof plugin)
`

const commonJs = `
  const sse = require('@downstream/express')
  const { createHub } = require('@downstream/express')
  const app = require('fastify')()
  app.register(require('@downstream/fastify')).ready().then(() => {
    console.log(typeof sse().close, typeof createHub, sse === sse.sse && sse === sse.default, app.hasReplyDecorator('sse') && 'ready')
  })
`

const types = `
  import callable = require('@downstream/express')
  import byDefault, { createHub, type Hub, sse, type SseOptions } from '@downstream/express'
  const options: SseOptions & callable.SseOptions = { retry: 1 }
  const hub: Hub & callable.Hub = createHub()
  void [callable(options).close(), byDefault().close(), sse().close(), hub.close()]
  // @ts-expect-error: there is no such option
  callable({ fliter: 1 })
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
