import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The calls that limits and diagnostics channels add to the code that every stream and event runs through. */
const CALLS = [
  { pattern: /\w+\.hasSubscribers/g, instead: 'false' },
  { pattern: /if \(port\.reason === undefined\)\s+publishOpen\(.*?, port\)/gs, instead: '' },
  { pattern: /this\.#admission\?\.check\(.*?\)/gs, instead: 'undefined' },
]

/**
 * A copy of core without limits and diagnostics channels, and core itself: both from files, so that they differ in
 * nothing else.
 *
 * @typedef {typeof import('@downstream/core')} Core
 *
 * @param {string} [index] The index of core.
 * @returns {Promise<{ full: Core, stripped: Core }>}
 */
export async function loadBoth(index = fileURLToPath(import.meta.resolve('@downstream/core'))) {
  const [full, stripped] = [copyOf(index), copyOf(index)]
  const counts = CALLS.map(() => 0)
  for (const name of readdirSync(stripped, { recursive: true, encoding: 'utf8' })) {
    if (!/\.[jt]s$/.test(name)) continue
    const file = join(stripped, name)
    let text = readFileSync(file, 'utf8')
    for (const [at, { pattern, instead }] of CALLS.entries()) {
      text = text.replace(pattern, () => {
        counts[at] = (counts[at] ?? 0) + 1
        return instead
      })
    }
    writeFileSync(file, text)
  }
  // If a call was renamed, it would stay in the copy, and core would be measured against itself.
  const missing = CALLS.filter((_call, at) => counts[at] === 0)
  if (missing.length > 0) throw new Error(`Not in core: ${missing.map(({ pattern }) => pattern).join(', ')}`)
  const load = (/** @type {string} */ folder) => import(pathToFileURL(join(folder, basename(index))).href)
  return { full: await load(full), stripped: await load(stripped) }
}

/** @param {string} index */
function copyOf(index) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-core-'))
  process.once('exit', () => rmSync(folder, { recursive: true }))
  cpSync(dirname(index), folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  return folder
}
