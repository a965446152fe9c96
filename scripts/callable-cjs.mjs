// Makes `require('@downstream/express')()` work, as `register(require('@downstream/fastify'))` does: the CommonJS module is the
// default export itself, with the named exports on it, and its declarations say so.
import { readFileSync, writeFileSync } from 'node:fs'

const folder = 'packages/express/dist'
const callable = 'sse'

const code = readFileSync(`${folder}/cjs/index.js`, 'utf8')
const ending = `module.exports = Object.assign(exports.default, exports)
Object.defineProperty(module.exports, '__esModule', { value: true })
`
// The compiler writes the file only when a source has changed.
if (!code.endsWith(ending)) writeFileSync(`${folder}/cjs/index.js`, `${code}\n${ending}`)

/** The members of the namespace besides the function. @type {string[]} */
const names = []
/** @param {string} list */
const split = (list) => list.split(',').map((name) => name.trim())
const declarations = readFileSync(`${folder}/index.d.ts`, 'utf8')
const imported = [...declarations.matchAll(/^import \{([^}]+)\} from/gm)].flatMap(([, list = '']) =>
  split(list),
)
const body = declarations
  .replaceAll(/^export \{([^}]+)\} from ('[^']+');\n/gm, (_, list, from) => {
    names.push(...split(list))
    return `import { ${split(list)
      .filter((name) => !imported.includes(name))
      .join(', ')} } from ${from};\n`
  })
  .replaceAll(/^export (?:type )?\{([^}]+)\};\n/gm, (_, list) => {
    names.push(...split(list).filter((name) => !/\bsse\b/.test(name)))
    return ''
  })
writeFileSync(
  `${folder}/index.d.cts`,
  `${body}type Callable = typeof ${callable};
declare namespace ${callable} {
    const itself: Callable;
    export { itself as default, itself as ${callable}, ${names.join(', ')} };
}
export = ${callable};
`,
)
