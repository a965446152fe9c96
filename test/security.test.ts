import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from './snippet-project.ts'

const suite = 'packages/testing/src/framework-suite'

// The table lists a test for each threat; one that was renamed would be a claim without a proof.
test('each test that SECURITY.md names exists', () => {
  const rows = readFileSync(join(root, 'SECURITY.md'), 'utf8').match(/^\| .* \|$/gm) ?? []
  const missing = rows.flatMap((row) => {
    const tests = row.split(' | ').at(-1) ?? ''
    const paths = Array.from(tests.matchAll(/`([^`]+)`/g), ([, path = '']) => path)
    for (const [, cases] of tests.matchAll(/suite: ([\w-]+) cases/g)) paths.push(`${suite}/${cases}-cases.ts`)
    // Further files of the same folder are named without it.
    const folder = dirname(paths[0] ?? '')
    return paths.filter((path) => ![path, join(folder, path)].some(isThere))
  })
  expect(missing).toEqual([])
  expect(rows.length).toBeGreaterThan(10)
})

function isThere(path: string): boolean {
  return existsSync(join(root, path))
}
