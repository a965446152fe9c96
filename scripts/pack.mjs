// `npm run pack [folder]`: packs what would be published, and prints the commands that install it elsewhere.
import { resolve } from 'node:path'
import { packPackages } from './pack-packages.mjs'

const tarballs = packPackages(resolve(process.argv[2] ?? 'packed'))
const core = tarballs.get('@downstream/core')
console.log(
  '\nIn your own project, instead of installing from the registry (@downstream/core belongs to each):\n',
)
for (const [name, tarball] of tarballs) {
  if (tarball !== core) console.log(`    npm install ${core} ${tarball}    # ${name}`)
}
