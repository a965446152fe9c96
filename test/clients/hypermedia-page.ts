import { readFileSync } from 'node:fs'
import { buildSync } from 'esbuild'

const root = `${__dirname}/../..`
const modules = `${root}/node_modules`
const page = readFileSync(`${root}/docs/hypermedia.md`, 'utf8')

/** The page that docs/hypermedia.md shows under a heading, for a stream that starts after `cursor`. */
export function hypermediaPage(heading: string, cursor: string): string {
  const html = /```html\n(.*?)```/s.exec(page.split(`\n## ${heading}\n`)[1] ?? '')?.[1]
  if (html === undefined) throw new Error(`docs/hypermedia.md has no page under the heading ${heading}`)
  return `<!doctype html>${html.replace('CURSOR', encodeURIComponent(cursor))}`
}

/** Path of a script of these pages -> its text. */
export const hypermediaScripts: Record<string, () => string> = {
  '/htmx.js': () => readFileSync(`${modules}/htmx.org/dist/htmx.js`, 'utf8'),
  '/hx-sse.js': () => readFileSync(`${modules}/htmx.org/dist/ext/hx-sse.js`, 'utf8'),
  '/turbo.js': () => readFileSync(`${modules}/@hotwired/turbo/dist/turbo.es2017-esm.js`, 'utf8'),
  '/datastar.js': () => {
    const dist = `${modules}/@starfederation/datastar/dist`
    const options = { bundle: true, format: 'esm', write: false, alias: { '~': dist } } as const
    return buildSync({ ...options, entryPoints: [`${dist}/bundles/datastar.js`] }).outputFiles[0]?.text ?? ''
  },
}

/** The event that adds an item to the list of the Datastar page. */
export function datastarItem(item: string): { event: string; data: string } {
  return {
    event: 'datastar-merge-fragments',
    data: `mergeMode append\nselector #news\nfragments <li class="item">${item}</li>`,
  }
}
