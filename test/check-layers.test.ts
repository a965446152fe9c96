// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the fixtures are source code with templates in it
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { checkLayers } from '../scripts/check-layers.mjs'

const manifests = {
  'packages/core/package.json': { name: '@downstream/core', devDependencies: { 'fast-check': '*' } },
  'packages/express/package.json': {
    name: '@downstream/express',
    dependencies: { '@downstream/core': '*' },
    peerDependencies: { express: '*' },
    devDependencies: { supertest: '*', '@downstream/testing': '*' },
  },
  'packages/bench/package.json': { name: '@downstream/bench', private: true },
}

const grammar = 'spells the event-stream grammar'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'check-layers-'))
})
afterEach(() => {
  rmSync(root, { recursive: true })
})

/** Each key is a file under packages/, "core/wire/x.ts" for packages/core/src/wire/x.ts. */
function check(files: Record<string, string>): string[] {
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  for (const [path, manifest] of Object.entries(manifests)) write(path, JSON.stringify(manifest))
  for (const [path, text] of Object.entries(files)) write(`packages/${path.replace('/', '/src/')}`, text)
  return checkLayers(root)
}

test('a tree that follows the rules has no problems', () => {
  const problems = check({
    'core/errors.ts': 'export class SseError extends Error {}',
    'core/wire/encode.ts': "import { SseError } from '../errors.ts'\nexport const data = `data: ${SseError}`",
    'core/stream/open.ts':
      "import http from 'node:http'\nimport { data } from '../wire/encode.ts'\nimport './writer.ts'",
    'core/log/memory-log.ts': "import type { data } from '../wire/encode.ts'",
    'core/hub/hub.ts': "import '../log/memory-log.ts'\nimport '../stream/open.ts'",
    'core/index.ts': "export { Hub } from './hub/hub.ts'\nexport { SseError } from './errors.ts'",
    'express/sse.ts':
      "import { openEventStream } from '@downstream/core'\nimport type express from 'express'",
    'express/index.ts': "export { sse } from './sse.ts'\nexport * from '@downstream/core'",
    'bench/soak/main.ts': "import { partPath } from '../../../../scripts/test-parts.mjs'",
  })
  expect(problems).toEqual([])
})

test.each([
  ['wire imports stream', 'core/wire/head.ts', "import '../stream/open.ts'", 'wire may import'],
  [
    'wire imports hub, as a type',
    'core/wire/head.ts',
    "import type { Hub } from '../hub/hub.ts'",
    'wire may import',
  ],
  ['stream imports hub', 'core/stream/open.ts', "export { Hub } from '../hub/hub.ts'", 'stream may import'],
  ['stream imports log', 'core/stream/open.ts', "import '../log/event-log.ts'", 'stream may import'],
  ['stream imports group', 'core/stream/open.ts', "import '../group/group.ts'", 'stream may import'],
  ['group imports hub', 'core/group/group.ts', "import '../hub/hub.ts'", 'group may import'],
  ['log imports stream', 'core/log/event-log.ts', "import '../stream/open.ts'", 'log may import'],
  [
    'log imports hub, in import()',
    'core/log/event-log.ts',
    "type H = import('../hub/hub.ts').Hub",
    'log may import',
  ],
  ['errors imports anything', 'core/errors.ts', "import './wire/encode.ts'", 'errors.ts may import nothing'],
  ['a folder that is no layer', 'core/utils/text.ts', "import '../wire/encode.ts'", 'utils is no layer'],
  [
    'wire imports a node: module',
    'core/wire/head.ts',
    "import { Buffer } from 'node:buffer'",
    'wire is pure',
  ],
  ['wire imports a node module without node:', 'core/wire/head.ts', "import 'http'", 'wire is pure'],
  [
    'core imports its own index.ts',
    'core/hub/hub.ts',
    "import '../index.ts'",
    'its own index.ts, which imports everything',
  ],
  [
    'core imports itself by name',
    'core/hub/hub.ts',
    "import '@downstream/core'",
    'its own index.ts, which imports everything',
  ],
  [
    'express imports its own index.ts',
    'express/sse.ts',
    "import './index.ts'",
    'its own index.ts, which imports everything',
  ],
  ['core imports a framework package', 'core/hub/hub.ts', "import '@downstream/express'", '"dependencies"'],
  [
    'express imports the inside of core',
    'express/sse.ts',
    "import '@downstream/core/wire'",
    "only '@downstream/core'",
  ],
  ['express imports fastify', 'express/sse.ts', "import '@downstream/fastify'", "only '@downstream/core'"],
  ['express imports testing', 'express/sse.ts', "import '@downstream/testing'", "only '@downstream/core'"],
  [
    'express imports core by path',
    'express/sse.ts',
    "import '../../core/src/index.ts'",
    'must stay in its package',
  ],
  ['express imports a dev dependency', 'express/sse.ts', "import request from 'supertest'", '"dependencies"'],
  ['core imports a dev dependency', 'core/hub/hub.ts', "const fc = require('fast-check')", '"dependencies"'],
  ['an import of a template', 'core/wire/head.ts', 'await import(`../hub/hub.ts`)', 'wire may import'],
  [
    'an import over several lines',
    'core/wire/head.ts',
    "import {\n  a,\n} from '../hub/hub.ts'",
    'wire may import',
  ],
  ['a field in a string', 'core/stream/open.ts', "write('data: x')", grammar],
  ['a field in double quotes', 'express/sse.ts', 'write("retry: 1")', grammar],
  ['a field after a line break', 'core/stream/open.ts', "write(': hi\\nid: 1')", grammar],
  ['a field in a template', 'core/stream/open.ts', 'write(`event: ${x}`)', grammar],
  ['a field in a nested template', 'core/hub/hub.ts', 'f(`a ${{ b: `id: ${x}` }} c`)', grammar],
  ['a field later in a template', 'core/hub/hub.ts', 'f(`${a}${b}\\ndata: c`)', grammar],
  ['a field in a regular expression', 'core/wire/head.ts', 'if (/^data:/.test(x)) f()', grammar],
])('refuses: %s', (_, path, source, reason) => {
  expect(check({ [path]: source })).toEqual([expect.stringContaining(reason)])
})

test('a message names the file, the line and the import', () => {
  expect(check({ 'core/wire/head.ts': "\n\nimport '../hub/hub.ts'" })).toEqual([
    expect.stringMatching(/^packages\/core\/src\/wire\/head\.ts:3 imports '\.\.\/hub\/hub\.ts': /),
  ])
})

test('ignores comments, object keys, divisions, and variables in templates that are named from', () => {
  const source = [
    "// import '../hub/hub.ts'",
    "/* 'data: x' and `id: 1` */",
    'const event = { data: 1, id: 2, retry: a / b, half: c / 2 } // "event: x"',
    "const quote = /['\"`]/g, url = 'http://localhost', text = `${event ? `a` : '}'} data`",
    "const metadata = 'metadata: none'",
    'const span = `${from} to ${to}`',
  ]
  expect(check({ 'core/stream/open.ts': source.join('\n') })).toEqual([])
})
