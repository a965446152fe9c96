import { execFile } from 'node:child_process'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { terminal } from './terminal.ts'

const run = promisify(execFile)

interface Manifest {
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

/**
 * One `npm install` for all examples: nineteen of them took minutes. Each copy then gets only the packages that its own
 * package.json names, so an example that forgets a dependency still fails.
 */
export class SharedInstall {
  readonly #directory: string

  /** @param tarballs - our packages, by name */
  static async of(
    examples: string[],
    tarballs: ReadonlyMap<string, string>,
    directory: string,
  ): Promise<SharedInstall> {
    const wanted = new Map<string, string>()
    for (const example of examples) {
      for (const [name, range] of await dependenciesOf(example)) {
        if ((wanted.get(name) ?? range) !== range)
          throw new Error(`${example} asks for ${name} ${range}, another example for ${wanted.get(name)}`)
        wanted.set(name, range)
      }
    }
    for (const [name, path] of tarballs) if (wanted.has(name)) wanted.set(name, `file:${path}`)
    await mkdir(directory, { recursive: true })
    await writeFile(
      join(directory, 'package.json'),
      JSON.stringify({ private: true, dependencies: Object.fromEntries(wanted) }),
    )
    await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], {
      cwd: directory,
      env: terminal(),
    })
    return new SharedInstall(directory)
  }

  private constructor(directory: string) {
    this.#directory = directory
  }

  /** Creates the `node_modules` of an app. */
  async linkInto(app: string): Promise<void> {
    const names = (await dependenciesOf(app)).map(([name]) => name)
    for (const name of [...names, '.bin']) {
      const link = join(app, 'node_modules', name)
      await mkdir(dirname(link), { recursive: true })
      await symlink(join(this.#directory, 'node_modules', name), link)
    }
  }
}

async function dependenciesOf(app: string): Promise<[name: string, range: string][]> {
  const manifest: Manifest = JSON.parse(await readFile(join(app, 'package.json'), 'utf8'))
  return Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
}
