import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'

const root = join(__dirname, '..')
const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}`)
const pages = ['.', 'docs', ...packages].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
)

const read = (page: string) => readFileSync(join(root, page), 'utf8')
const withoutCode = (text: string) => text.replace(/^```.*?^```$/gms, '')

function headings(page: string): string[] {
  return [...withoutCode(read(page)).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => heading)
}

/** As GitHub makes them; a heading that comes twice is not linked to. */
function anchors(page: string): string[] {
  return headings(page).map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

test.each(pages)('the links of %s lead somewhere', (page) => {
  const links = withoutCode(read(page))
    .replace(/`[^`\n]*`/g, '')
    .matchAll(/\]\(([^)\s]+)\)/g)
  const broken = [...links]
    .map(([, link = '']) => link)
    .filter((link) => {
      if (/^(https?|mailto):/.test(link)) return false
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : relative(root, join(root, dirname(page), path))
      if (!existsSync(join(root, target))) return true
      return anchor !== undefined && !anchors(target).includes(anchor)
    })
  expect(broken).toEqual([])
})

test('docs/errors.md has exactly one heading for each code', () => {
  const codes = readFileSync(join(root, 'packages/core/src/errors.ts'), 'utf8').match(
    /(?<=\| ')ERR_SSE_\w+(?=')/g,
  )
  const described = headings('docs/errors.md').filter((heading) => heading.startsWith('ERR_'))
  expect(described.sort()).toEqual(codes?.sort())
})

test('every ts block compiles', () => {
  const project = mkdtempSync(join(tmpdir(), 'docs-'))
  try {
    linkDependencies(join(project, 'node_modules'))
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
    const compilerOptions = {
      noEmit: true,
      isolatedDeclarations: false,
      moduleDetection: 'force',
      types: ['node', 'jest'],
    }
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({ extends: join(root, 'tsconfig.base.json'), compilerOptions }),
    )
    for (const page of pages) {
      for (const { index, 1: code = '' } of read(page).matchAll(/^```ts\n(.*?)^```$/gms)) {
        // As many lines from the top as in the page, so that a message's line is the page's.
        const line = read(page).slice(0, index).split('\n').length
        const file = join(project, `${page}.${line}.ts`)
        mkdirSync(dirname(file), { recursive: true })
        writeFileSync(file, '\n'.repeat(line) + code)
      }
    }
    const tsc = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', '.'], {
      cwd: project,
      encoding: 'utf8',
    })
    expect(tsc.stdout).toBe('')
    expect(tsc.status).toBe(0)
  } finally {
    rmSync(project, { recursive: true })
  }
})

/** What a page imports is a dependency of one of our packages, or one of them. */
function linkDependencies(modules: string): void {
  const link = (name: string, target: string) => {
    if (existsSync(join(modules, name))) return
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(target, join(modules, name), 'junction')
  }
  for (const folder of packages) link(`@downstream/${folder.slice('packages/'.length)}`, join(root, folder))
  for (const folder of [...packages, '.'].map((name) => join(root, name, 'node_modules'))) {
    for (const name of readdirSync(folder)) {
      if (name.startsWith('.')) continue
      const names = name.startsWith('@')
        ? readdirSync(join(folder, name)).map((inner) => `${name}/${inner}`)
        : [name]
      for (const each of names) link(each, join(folder, each))
    }
  }
}
