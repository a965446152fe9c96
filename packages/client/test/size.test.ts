import { gzipSync } from 'node:zlib'
import { buildSync } from 'esbuild'

/** Promised by the README. */
const LIMIT = 3_000

test('connect() and everything it needs fit into 3.0 KB, gzipped', () => {
  const { outputFiles } = buildSync({
    stdin: { contents: `export { connect } from '../src/index.ts'`, resolveDir: __dirname, loader: 'ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  })
  expect(gzipSync(String(outputFiles[0]?.text), { level: 9 }).length).toBeLessThanOrEqual(LIMIT)
})

test('a module that imports it without using it contains nothing of it', () => {
  const { outputFiles } = buildSync({
    stdin: { contents: `import { connect } from '../src/index.ts'`, resolveDir: __dirname, loader: 'ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
  })
  expect(outputFiles[0]?.text).toBe('')
})
