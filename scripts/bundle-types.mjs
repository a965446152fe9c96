// The declarations of each package as one file per format, dist/index.d.ts and dist/index.d.cts: core alone has about 200
// modules, and a tarball would contain two declaration files for each.
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
  // The declarations of a CommonJS module differ only in the file name.
  for (const extension of ['ts', 'cts']) writeFileSync(`${folder}/index.d.${extension}`, output[0].code)
}
