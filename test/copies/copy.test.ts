import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bringPackages, copyExample } from '../../scripts/copy-example.mjs'
import { readManifest, tarballsIn } from '../../scripts/pack-packages.mjs'
import { sharedTarballs } from '../shared-tarballs.ts'
import { root } from '../snippet-project.ts'

const temporary = mkdtempSync(join(tmpdir(), 'copy-'))

afterAll(() => rmSync(temporary, { recursive: true, force: true }))

test('npm run copy includes the files that all examples share, and our packages', async () => {
  const copy = join(temporary, 'copied')
  const tarballs = tarballsIn(await sharedTarballs())
  copyExample('express-jokes', copy)
  bringPackages(copy, tarballs)
  for (const file of ['base.css', 'show-state.js'])
    expect(lstatSync(join(copy, 'public', file)).isFile()).toBe(true)
  expect(existsSync(join(copy, 'test'))).toBe(false)
  const { dependencies } = readManifest(copy)
  for (const name of ['core', 'express']) {
    const path: string = dependencies[`@downstream/${name}`]
    expect(path).toMatch(/^file:packages\//)
    expect(existsSync(join(copy, path.slice('file:'.length)))).toBe(true)
  }
})

test('npm run copy lists the examples', () => {
  const { status, stderr } = spawnSync('node', ['scripts/copy.mjs', 'express-joke'], {
    cwd: root,
    encoding: 'utf8',
  })
  expect(stderr).toContain('no example "express-joke"')
  expect(stderr).toContain('express-jokes')
  expect(status).toBe(1)
})
