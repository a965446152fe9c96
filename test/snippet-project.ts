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
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = resolve(fileURLToPath(new URL('..', import.meta.url)))
export const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}`)

/** A `ts` block of a page. A block that is marked `ts before` is about another library. */
export interface Snippet {
  page: string
  /** The line of its first line in the page. */
  line: number
  code: string
  isBefore: boolean
}

/** @param page - relative to the root */
export function snippets(page: string): Snippet[] {
  const text = readFileSync(join(root, page), 'utf8')
  return [...text.matchAll(/^```ts( before)?\n(.*?)^```$/gms)].map(({ index, 1: before, 2: code = '' }) => ({
    page,
    line: text.slice(0, index).split('\n').length,
    code,
    isBefore: before !== undefined,
  }))
}

/** A temporary folder in which our packages and all of their dependencies can be imported. */
export class SnippetProject {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'docs-'))

  constructor() {
    this.write('package.json', '{ "type": "module" }')
    for (const folder of packages)
      this.#link(`@downstream/${folder.slice('packages/'.length)}`, join(root, folder))
    for (const folder of [...packages, '.'].map((name) => join(root, name, 'node_modules'))) {
      for (const name of readdirSync(folder)) {
        if (name.startsWith('.')) continue
        const names = name.startsWith('@')
          ? readdirSync(join(folder, name)).map((inner) => `${name}/${inner}`)
          : [name]
        for (const each of names) this.#link(each, join(folder, each))
      }
    }
  }

  write(path: string, text: string): void {
    const file = join(this.folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }

  remove(): void {
    rmSync(this.folder, { recursive: true })
  }

  #link(name: string, target: string): void {
    const path = join(this.folder, 'node_modules', name)
    if (existsSync(path)) return
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(target, path, 'junction')
  }
}
