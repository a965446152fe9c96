// `npm run docs`: builds the site, and serves it on PORT (4173). `node site/build.mjs <folder>` only builds it there.
import { fileURLToPath } from 'node:url'
import { build, serve } from 'vitepress'
import { makeApiReference } from './api-reference.mjs'

const site = fileURLToPath(new URL('.', import.meta.url))
const folder = process.argv[2]
if (folder !== undefined) process.env.SITE_DIRECTORY = folder

await makeApiReference()
await build(site)
if (folder === undefined) {
  const port = Number(process.env.PORT || 4173)
  await serve({ root: site, port })
  console.log(`http://localhost:${port}`)
}
