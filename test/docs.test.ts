import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { transformSync } from 'esbuild'
import { examples as names } from '../scripts/copy-example.mjs'
import { readManifest } from '../scripts/pack-packages.mjs'
import { slug } from '../site/slug.mjs'
import { packages, root, SnippetProject, snippets } from './snippet-project.ts'

const examples = names.map((name) => `examples/${name}`)
const pages = ['.', 'docs', ...packages, ...examples].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
)

// Package READMEs are shown on npm, too, where a relative link has no target.
const inRepository = readManifest(root).bugs.replace('/issues', '/blob/main/')

const read = (page: string) => readFileSync(join(root, page), 'utf8')
const withoutCode = (text: string) => text.replace(/^```.*?^```$/gms, '').replace(/`[^`\n]*`/g, '')

function headings(page: string): string[] {
  const text = read(page).replace(/^```.*?^```$/gms, '')
  return [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => heading)
}

/** As GitHub generates them; a heading that occurs twice is not linked to. */
function anchors(page: string): string[] {
  return headings(page).map(slug)
}

/** Of images too. */
function links(page: string): string[] {
  const text = withoutCode(read(page))
  return [...text.matchAll(/\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"/g)].map(
    ([, link, attribute]) => link ?? attribute ?? '',
  )
}

/** The file of a link, and the anchor in it. */
function target(page: string, link: string): [path: string, anchor: string | undefined] {
  const [path = '', anchor] = link.split('#')
  if (path.startsWith(inRepository)) return [path.slice(inRepository.length), anchor]
  return [path === '' ? page : relative(root, join(root, dirname(page), path)), anchor]
}

test.each(pages)('the links of %s have targets', (page) => {
  const broken = links(page).filter((link) => {
    if (/^(https?|mailto):/.test(link) && !link.startsWith(inRepository)) return false
    const [path, anchor] = target(page, link)
    if (!existsSync(join(root, path))) return true
    return anchor !== undefined && !anchors(path).includes(anchor)
  })
  expect(broken).toEqual([])
})

test('README.md fits three screens and repeats no program of the quick start', () => {
  expect(read('README.md').split('\n').length).toBeLessThan(150)
  const programs = (page: string) => snippets(page).map(({ code }) => code.trim())
  expect(programs('README.md').length).toBeGreaterThan(1)
  expect(programs('docs/quick-start.md')).not.toEqual(
    expect.arrayContaining([expect.stringContaining('createHub<')]),
  )
  for (const program of programs('README.md')) expect(programs('docs/quick-start.md')).not.toContain(program)
})

test('docs/README.md leads to every page', () => {
  const reached = links('docs/README.md').map((link) => target('docs/README.md', link)[0])
  const wanted = pages.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md')
  expect(wanted.filter((page) => !reached.includes(page))).toEqual([])
})

test.each([
  ['express', 'core/src/stream/event-stream-options.ts', 'EventStreamOptions'],
  ['express', 'core/src/group/admission-options.ts', 'AdmissionOptions'],
  ['express', 'express/src/sse.ts', 'SseOptions'],
  ['fastify', 'fastify/src/sse.ts', 'SseOptions'],
  ['channels', 'core/src/hub/hub.ts', 'HubOptions'],
  ['channels', 'core/src/hub/hub.ts', 'SubscribeOptions'],
  ['runs', 'core/src/run/runs.ts', 'RunsOptions'],
  ['runs', 'core/src/run/runs.ts', 'RunOptions'],
  ['runs', 'redis/src/run/redis-run-store-options.ts', 'RedisRunStoreOptions'],
  ['client', 'client/src/connect-options.ts', 'ConnectOptions'],
  ['scale-out', 'redis/src/redis-log-options.ts', 'RedisLogOptions'],
])('docs/%s.md has a row for every option of %s: %s', (page, file, name) => {
  const source = readFileSync(join(root, 'packages', file), 'utf8')
  const [, body = ''] = new RegExp(`^export interface ${name}\\b.*?\\{\\n(.*?)^\\}`, 'ms').exec(source) ?? []
  const options = [...body.matchAll(/^ {2}(\w+)\??[:(]/gm)].map(([, option = '']) => option)
  const rows = [...read(`docs/${page}.md`).matchAll(/^\| ([^|]*)\|/gm)].map(([, cell]) => cell).join()
  expect(options.filter((option) => !new RegExp(`\`${option}\\b`).test(rows))).toEqual([])
  expect(options.length).toBeGreaterThan(0)
})

// Types are in the API reference.
test.each(packages.filter((folder) => existsSync(join(root, folder, 'src/index.ts'))))(
  'the README of %s names every value that the package exports',
  (folder) => {
    const index = readFileSync(join(root, folder, 'src/index.ts'), 'utf8')
    const values = [...index.matchAll(/^export \{(.*?)\}/gms)].flatMap(([, names = '']) =>
      names.split(',').map((name) => name.trim()),
    )
    const unnamed = values.filter((name) => /^\w+$/.test(name) && !read(`${folder}/README.md`).includes(name))
    expect(unnamed).toEqual([])
    expect(values.length).toBeGreaterThan(0)
  },
)

test('docs/errors.md has exactly one heading for each code', () => {
  const codes = readFileSync(join(root, 'packages/core/src/errors.ts'), 'utf8').match(
    /(?<=\| ')ERR_SSE_\w+(?=')/g,
  )
  const described = headings('docs/errors.md').filter((heading) => heading.startsWith('ERR_'))
  expect(described.sort()).toEqual(codes?.sort())
})

test.each(pages)('the js blocks and the scripts of %s parse', (page) => {
  const blocks = [...read(page).matchAll(/^```(jsx?|html)\n(.*?)^```$/gms)].flatMap(
    ([, language, code = '']) =>
      language === 'html'
        ? [...code.matchAll(/<script>(.*?)<\/script>/gs)].map(([, script = '']) => script)
        : [code],
  )
  for (const block of blocks) expect(() => transformSync(block, { loader: 'jsx' })).not.toThrow()
})

test('every ts block compiles', () => {
  const project = new SnippetProject()
  try {
    const programs = new Set<string>()
    for (const { page, line, code, isBefore } of pages.flatMap(snippets)) {
      // Some of the other libraries declare a reply.sse of their own: they cannot be compiled in one program with ours.
      const program = isBefore ? `before/${page}` : 'pages'
      programs.add(program)
      // The same number of lines before it as in the page, so that a message has the line of the page.
      project.write(join(program, `${page}.${line}.ts`), '\n'.repeat(line) + code)
    }
    const compilerOptions = {
      noEmit: true,
      isolatedDeclarations: false,
      moduleDetection: 'force',
      types: ['node', 'jest'],
    }
    const messages = [...programs].map((program) => {
      project.write(
        join(program, 'tsconfig.json'),
        JSON.stringify({ extends: join(root, 'tsconfig.base.json'), compilerOptions }),
      )
      const tsc = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', program], {
        cwd: project.folder,
        encoding: 'utf8',
      })
      return tsc.status === 0 ? '' : tsc.stdout
    })
    expect(messages.join('')).toBe('')
  } finally {
    project.remove()
  }
})
