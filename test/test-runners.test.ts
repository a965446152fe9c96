// The tests in docs/testing.md run unchanged in Jest and in Vitest.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { sharedTarballs } from './shared-tarballs.ts'
import { root, SnippetProject, snippets } from './snippet-project.ts'

const page = 'docs/testing.md'
const tests = snippets(page).filter(({ code }) => /^test\(/m.test(code) && !code.includes("'node:test'"))
let project: SnippetProject

beforeAll(async () => {
  // Their build has the packages as they are published: these runners have no condition for the sources.
  await sharedTarballs()
})

beforeEach(() => {
  project = new SnippetProject()
})

afterEach(() => project.remove())

test('the tests of the page pass in Jest, with its configuration', async () => {
  const [, config = ''] =
    /^`jest\.config\.js`.*?^```js\n(.*?)^```$/ms.exec(readFileSync(join(root, page), 'utf8')) ?? []
  project.write('jest.config.js', config)
  for (const { line, code } of tests) project.write(`line-${line}.test.ts`, code)
  expect(await run('jest/bin/jest.js', '--runInBand')).toContain(
    `Test Suites: ${tests.length} passed, ${tests.length} total`,
  )
})

test('the tests of the page pass in Vitest, without a configuration', async () => {
  const [, importLine = ''] =
    /with `(import .*? from 'vitest')`/.exec(readFileSync(join(root, page), 'utf8')) ?? []
  for (const { line, code } of tests) {
    const withVi = code.includes('jest.') ? importLine.replace('test }', 'test, vi }') : importLine
    project.write(`line-${line}.test.ts`, `${withVi}\n${code.replaceAll('jest.', 'vi.')}`)
  }
  expect(await run('vitest/vitest.mjs', 'run', '--no-isolate', '--no-file-parallelism')).toMatch(
    new RegExp(`Test Files +${tests.length} passed \\(${tests.length}\\)`),
  )
})

/** All that the runner prints. */
async function run(program: string, ...args: string[]): Promise<string> {
  const { NODE_OPTIONS: _, JEST_WORKER_ID: __, ...env } = process.env
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [join(project.folder, 'node_modules', program), ...args],
    { cwd: project.folder, env: { ...env, NO_COLOR: '1' } },
  ).catch((failed) => failed)
  return `${stdout}${stderr}`
}
