// `npm run copy <example> <folder>`: copies an example to start an app from.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bringPackages, copyExample, examples } from './copy-example.mjs'
import { packPackages } from './pack-packages.mjs'

const [example = '', destination = example] = process.argv.slice(2)
// npm runs this in the root of the repository, whatever the current folder is.
const folder = resolve(process.env.INIT_CWD ?? '', destination)

if (!examples.includes(example)) {
  fail(`There is no example "${example}". Choose one of: ${examples.join(', ')}.`)
} else if (existsSync(folder)) {
  fail(`${folder} exists already. Name a folder that does not: npm run copy ${example} ../my-app`)
} else {
  copyExample(example, folder)
  bringPackages(folder, packPackages(fileURLToPath(new URL('../packed', import.meta.url))))
  console.log(`\nCopied. To start it:\n\n    cd ${folder}\n    npm install\n    npm start\n`)
}

/** @param {string} message */
function fail(message) {
  console.error(message)
  process.exitCode = 1
}
