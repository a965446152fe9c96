// Each package's declarations as one file a format, dist/index.d.ts and dist/index.d.cts: core alone has some two hundred
// modules, and a tarball would hold a declaration file for each, twice.
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { rollup } from 'rollup'
import { dts } from 'rollup-plugin-dts'

for (const name of readdirSync('packages')) {
  const folder = `packages/${name}/dist`
  if (!existsSync(`${folder}/esm/index.d.ts`)) continue
  const bundle = await rollup({
    input: `${folder}/esm/index.d.ts`,
    external: (id) => !id.startsWith('.') && !id.startsWith('/'),
    plugins: [dts()],
  })
  const { output } = await bundle.generate({ format: 'es' })
  // A CommonJS module's declarations differ in the file's name only.
  for (const extension of ['ts', 'cts']) writeFileSync(`${folder}/index.d.${extension}`, output[0].code)
}
