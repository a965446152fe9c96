import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type SharedPart, sharedPart } from './shared-parts.ts'
import { root } from './snippet-project.ts'

const run = promisify(execFile)

/** Builds the packages and packs what would be published, as `npm run pack` does. */
export async function makeTarballs(): Promise<SharedPart> {
  const address = await mkdtemp(join(tmpdir(), 'tarballs-'))
  await run('npm', ['run', 'build'], { cwd: root })
  await run('node', ['scripts/pack.mjs', address], { cwd: root })
  return { address, dispose: () => rm(address, { recursive: true }) }
}

/** The folder with the tarballs of all packages, which all test files share. */
export async function sharedTarballs(): Promise<string> {
  const folder = await sharedPart('tarballs')
  if (folder === undefined) throw new Error('The tarballs are made by Jest: see test/global-setup.ts')
  return folder
}
