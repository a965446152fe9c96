// Hooks of Node's module loader: see loader.mjs. No imports that take time to load: they run at each start of a process.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const compiled = fileURLToPath(new URL('../../node_modules/.cache/compiled/', import.meta.url))

/**
 * The bundle of a package, by the path or URL of its src/index.ts. In the package's node_modules it finds the dependencies
 * that the sources find.
 * @param {string} index
 */
export function bundleOf(index) {
  return index.replace(/\/src\/index\.ts$/, '/node_modules/.sources.mjs')
}

/**
 * Called by Node for each import: in this thread by registerHooks(), in another by register().
 * @param {string} specifier
 * @param {object} context
 * @param {(specifier: string, context: object) => any} nextResolve
 */
export function resolve(specifier, context, nextResolve) {
  const resolved = nextResolve(specifier, context)
  return resolved instanceof Promise ? resolved.then(bundled) : bundled(resolved)
}

/** @param {{ url: string }} resolved */
function bundled(resolved) {
  if (!process.env.BUNDLED_SOURCES || !/\/packages\/\w+\/src\/index\.ts$/.test(resolved.url)) return resolved
  const url = bundleOf(resolved.url)
  return existsSync(fileURLToPath(url)) ? { ...resolved, url, format: 'module' } : resolved
}

/**
 * @param {string} url
 * @param {object} context
 * @param {(url: string, context: object) => any} nextLoad
 */
export function load(url, context, nextLoad) {
  if (!url.endsWith('.ts')) return nextLoad(url, context)
  return { format: 'module', source: compile(fileURLToPath(url)), shortCircuit: true }
}

/** @param {string} file */
function compile(file) {
  const code = readFileSync(file, 'utf8')
  const hash = createHash('sha256').update(code).digest('hex')
  const kept = `${compiled}${hash}.mjs`
  if (existsSync(kept)) return readFileSync(kept, 'utf8')
  const { transformSync } = createRequire(import.meta.url)('esbuild')
  // Nest has decorators.
  const tsconfigRaw = { compilerOptions: { experimentalDecorators: true } }
  /** @type {import('esbuild').TransformOptions} */
  const options = { loader: 'ts', format: 'esm', target: 'node20', sourcefile: file, tsconfigRaw }
  const { code: made } = transformSync(code, options)
  mkdirSync(compiled, { recursive: true })
  // Renamed when it is complete: another process may be reading it.
  writeFileSync(`${kept}.${process.pid}`, made)
  renameSync(`${kept}.${process.pid}`, kept)
  return made
}
