import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { examples } from '../../scripts/copy-example.mjs'
import { CopiedApp } from './copied-app.ts'
import { sharedInstall } from './shared-install.ts'
import { terminal } from './terminal.ts'

const run = promisify(execFile)
const temporary = mkdtempSync(join(tmpdir(), 'compiled-'))

afterAll(() => rmSync(temporary, { recursive: true, force: true }))

// One process, in which they share the declarations of their packages: that takes a third of the time.
test('the compiler accepts the copy of every example, by its own tsconfig.json', async () => {
  const projects: string[] = []
  for (const example of examples) {
    const copy = await CopiedApp.copy(example, join(temporary, example))
    if (copy.isTypeScript) projects.push(example)
  }
  const tsc = join(await sharedInstall(), 'node_modules', '.bin', 'tsc')
  const { stdout } = await run(tsc, ['--build', '--verbose', '--pretty', 'false', ...projects], {
    cwd: temporary,
    env: terminal(),
  }).catch(({ stdout }) => {
    throw new Error(stdout)
  })
  expect(projects.length).toBeGreaterThan(20)
  for (const project of projects) expect(stdout).toContain(`Building project '${project}/tsconfig.json'`)
})
