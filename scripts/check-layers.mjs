// `npm run check:layers`: imports in packages/*/src only go left (wire <- source <- stream <- hub, wire <- log <- hub,
// stream <- run, stream <- group, then index.ts), framework packages see core's public index only, and only one file
// spells the event-stream grammar.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What each part of packages/core/src may import. index.ts may import everything. @type {Record<string, string[]>} */
const layers = {
  'errors.ts': [],
  wire: ['wire', 'errors.ts'],
  process: ['process', 'errors.ts'],
  source: ['source', 'process', 'wire', 'errors.ts'],
  stream: ['stream', 'source', 'process', 'wire', 'errors.ts'],
  log: ['log', 'wire', 'errors.ts'],
  hub: ['hub', 'stream', 'process', 'log', 'wire', 'errors.ts'],
  group: ['group', 'stream', 'source', 'process', 'wire', 'errors.ts'],
  run: ['run', 'stream', 'source', 'process', 'wire', 'errors.ts'],
}
const builtOnCore = ['express', 'fastify', 'redis', 'testing']

// The testing package reads the grammar and sends broken streams on purpose.
const mayNotSpellFields = ['core', 'express', 'fastify', 'redis']
const grammarHome = 'packages/core/src/wire/encode.ts'
const fieldGrammar = /(?:^\^?|\\n|\\r|\r|\n)(?:data|event|id|retry):/

/**
 * @param {string} root The repository.
 * @returns {string[]} One message for each violation, with its file and line and the reason for the rule.
 */
export function checkLayers(root) {
  /** @type {string[]} */
  const problems = []
  for (const name of readdirSync(join(root, 'packages'))) {
    const source = `packages/${name}/src`
    if (!existsSync(join(root, source))) continue
    const manifest = JSON.parse(readFileSync(join(root, `packages/${name}/package.json`), 'utf8'))
    for (const path of readdirSync(join(root, source), { recursive: true, encoding: 'utf8' })) {
      if (!/\.[cm]?tsx?$/.test(path)) continue
      const file = posix.join(source, path.replaceAll('\\', '/'))
      const { literals, imports } = scan(readFileSync(join(root, file), 'utf8'))
      for (const { specifier, line } of imports) {
        const problem = importProblem(name, manifest, file, specifier)
        if (problem) problems.push(`${file}:${line} imports '${specifier}': ${problem}`)
      }
      if (!mayNotSpellFields.includes(name) || file === grammarHome) continue
      for (const { text, line } of literals) {
        if (!fieldGrammar.test(text)) continue
        problems.push(
          `${file}:${line} spells the event-stream grammar (${JSON.stringify(text)}): only ${grammarHome} may, ` +
            'because a second encoder may let line breaks through, which forge fields. Call encodeEvent().',
        )
      }
    }
  }
  return problems
}

/**
 * @param {string} name The package's folder.
 * @param {{ name?: string, private?: boolean, dependencies?: object, peerDependencies?: object }} manifest
 * @param {string} file
 * @param {string} specifier
 * @returns {string | undefined}
 */
function importProblem(name, manifest, file, specifier) {
  const source = `packages/${name}/src`
  if (specifier.startsWith('.')) {
    const target = posix.relative(source, posix.join(dirname(file), specifier))
    if (target.startsWith('..')) {
      // The benchmark is never installed, and uses the scripts of the repository.
      if (manifest.private) return undefined
      return 'a relative path must stay in its package, because the other package has another path once installed.'
    }
    if (/^index\.[cm]?[jt]s$/.test(target)) return ownIndex
    return name === 'core' ? layerProblem(posix.relative(source, file), target) : undefined
  }
  const inWire = name === 'core' && file.startsWith(`${source}/wire/`)
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) {
    return inWire
      ? 'wire is pure (no I/O, no timers), so that it can be tested and reused anywhere.'
      : undefined
  }
  const wanted = packageName(specifier)
  if (wanted === manifest.name) return ownIndex
  if (wanted.startsWith('@downstream/') && builtOnCore.includes(name) && specifier !== '@downstream/core') {
    return "of our packages only '@downstream/core' itself may be imported here, because adapters outside of this repository cannot import more either."
  }
  const declared = { ...manifest.dependencies, ...manifest.peerDependencies }
  if (wanted in declared || `@types/${wanted}` in declared) return
  return `${wanted} is neither in "dependencies" nor in "peerDependencies" of packages/${name}, so users would not have it.`
}

const ownIndex =
  'a package must not import its own index.ts, which imports everything and closes a circle; import the file itself.'

/**
 * @param {string} from Relative to packages/core/src.
 * @param {string} to
 */
function layerProblem(from, to) {
  const [layer = '', target = ''] = [from, to].map((path) => path.split('/')[0])
  if (layer === 'index.ts') return
  const allowed = layers[layer]
  if (!allowed)
    return `${layer} is no layer of core; the layers are ${Object.keys(layers).join(', ')} and index.ts.`
  if (allowed.includes(target)) return
  return `${layer} may import ${allowed.join(', ') || 'nothing'}; imports only go left, so that each layer can be read and tested without those to its right.`
}

/** '@scope/name/file' -> '@scope/name', 'name/file' -> 'name'. @param {string} specifier */
function packageName(specifier) {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

const comment = /\/\/[^\n]*|\/\*.*?\*\//sy
const string = /'((?:\\.|[^'\\\n])*)'|"((?:\\.|[^"\\\n])*)"/sy
const templatePiece = /(?:\\.|\$(?!\{)|[^\\`$])*/sy
const regex = /\/((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+)\/[a-z]*/y
// A slash starts a regular expression where a value is expected, and divides everywhere else.
const expectsValue = /(?:^|[=(,:;[{}!&|?+\-*%<>~^]|\b(?:return|typeof|case|in|of|throw|yield|await))\s*$/
const expectsSpecifier = /(?:\bfrom|\bimport|\b(?:import|require)\s*\()\s*$/

/**
 * Finds the literals of a TypeScript source (strings, regular expressions, the fixed pieces of templates) and, apart
 * from them, what it imports.
 * @param {string} source
 */
function scan(source) {
  /** @type {{ text: string, line: number }[]} */
  const literals = []
  /** @type {{ specifier: string, line: number }[]} */
  const imports = []
  /** For each template that we are in, how many braces are open in its ${ }. @type {number[]} */
  const templates = []
  let before = '' // the code read so far, without comments and with a 0 for each literal
  let at = 0

  /** @param {RegExp} pattern */
  const match = (pattern) => {
    pattern.lastIndex = at
    return pattern.exec(source)
  }
  /** @param {string} text @param {number} length @param {boolean} [inTemplate] It continues after a ${ }. */
  const literal = (text, length, inTemplate = false) => {
    const line = source.slice(0, at).split('\n').length
    // In `${from} to ${to}` the name of a variable comes before the text.
    if (!inTemplate && expectsSpecifier.test(before.slice(-100))) imports.push({ specifier: text, line })
    else literals.push({ text, line })
    before += ' 0 '
    at += length
  }
  /** @param {boolean} continues */
  const readTemplatePiece = (continues) => {
    const [text = ''] = match(templatePiece) ?? []
    literal(text, text.length, continues)
    if (source[at] === '$') templates.push(0)
    at += source[at] === '$' ? 2 : 1
  }

  while (at < source.length) {
    const character = source[at]
    const found = character === '/' && match(comment)
    if (found) {
      at += found[0].length
      continue
    }
    const isRegex = character === '/' && expectsValue.test(before.slice(-100))
    const quoted = isRegex ? match(regex) : match(string)
    if (quoted) {
      literal(quoted[1] ?? quoted[2] ?? '', quoted[0].length)
      continue
    }
    at++
    const braces = templates.at(-1)
    if (character === '`') {
      readTemplatePiece(false)
    } else if (character === '}' && braces === 0) {
      templates.pop()
      readTemplatePiece(true)
    } else {
      if (braces !== undefined && character === '{') templates.push((templates.pop() ?? 0) + 1)
      if (braces !== undefined && character === '}') templates.push((templates.pop() ?? 0) - 1)
      before += character
    }
  }
  return { literals, imports }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = checkLayers(process.cwd())
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) process.exit(1)
  console.log('Layers: every import goes left.')
}
