import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { examples } from '../../scripts/copy-example.mjs'
import { tarballsIn } from '../../scripts/pack-packages.mjs'
import { type SharedPart, sharedPart } from '../shared-parts.ts'
import { sharedTarballs } from '../shared-tarballs.ts'
import { root } from '../snippet-project.ts'
import { terminal } from './terminal.ts'

const run = promisify(execFile)

interface Manifest {
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

/** One `npm install` for all examples: nineteen of them took minutes. Our packages come from their tarballs. */
export async function makeSharedInstall(): Promise<SharedPart> {
  const address = await mkdtemp(join(tmpdir(), 'installed-'))
  const wanted = new Map<string, string>()
  for (const example of examples) {
    for (const [name, range] of await dependenciesOf(join(root, 'examples', example))) {
      if ((wanted.get(name) ?? range) !== range)
        throw new Error(`${example} asks for ${name} ${range}, another example for ${wanted.get(name)}`)
      wanted.set(name, range)
    }
  }
  for (const [name, path] of tarballsIn(await sharedTarballs()))
    if (wanted.has(name)) wanted.set(name, `file:${path}`)
  await writeFile(
    join(address, 'package.json'),
    JSON.stringify({ private: true, dependencies: Object.fromEntries(wanted) }),
  )
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], {
    cwd: address,
    env: terminal(),
  })
  return { address, dispose: () => rm(address, { recursive: true }) }
}

/** The folder with the `node_modules` of all examples. */
export async function sharedInstall(): Promise<string> {
  const folder = await sharedPart('examplePackages')
  if (folder === undefined) throw new Error('Jest installs the packages: see test/global-setup.ts')
  return folder
}

/**
 * Creates the `node_modules` of an app. It gets only the packages that its own package.json names, so an example that
 * forgets a dependency still fails.
 */
export async function linkPackages(installed: string, app: string): Promise<void> {
  const names = (await dependenciesOf(app)).map(([name]) => name)
  for (const name of [...names, '.bin']) {
    const link = join(app, 'node_modules', name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(join(installed, 'node_modules', name), link)
  }
}

async function dependenciesOf(app: string): Promise<[name: string, range: string][]> {
  const manifest: Manifest = JSON.parse(await readFile(join(app, 'package.json'), 'utf8'))
  return Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
}
