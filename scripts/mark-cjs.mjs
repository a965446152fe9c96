// The packages are "type": "module". This tells Node that the files in dist/cjs are CommonJS nevertheless.
import { existsSync, readdirSync, writeFileSync } from 'node:fs'

for (const name of readdirSync('packages')) {
  const directory = `packages/${name}/dist/cjs`
  if (existsSync(directory)) writeFileSync(`${directory}/package.json`, '{ "type": "commonjs" }\n')
}
