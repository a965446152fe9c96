import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHub, type Hub, openEventStream } from '@downstream/core'
import { eventually } from '@downstream/testing'
import { buildSync } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../browser/chromium.ts'
import { root, SnippetProject, snippets } from '../snippet-project.ts'

/** The sum of all numbers, so that a function that does not receive the data so far shows in the page. */
const apply = '{ snapshot: ({ numbers }) => numbers, number: (number, sum) => sum + number }'

/** The component that uses the recipe: it shows state and data in the body, until `leave()`. */
const apps: Record<string, string> = {
  react: `
    import { createElement, StrictMode } from 'react'
    import { createRoot } from 'react-dom/client'
    import { useEvents } from 'recipe'
    const apply = ${apply}
    const options = { retry: { min: 1 } }
    function App() {
      const { data, state } = useEvents('events', apply, options)
      return state + ' ' + data
    }
    const root = createRoot(document.body)
    root.render(createElement(StrictMode, null, createElement(App)))
    window.leave = () => root.unmount()`,
  vue: `
    import { createApp } from 'vue'
    import { useEvents } from 'recipe'
    const app = createApp({
      setup() {
        const { data, state } = useEvents('events', ${apply}, { retry: { min: 1 } })
        return () => state.value + ' ' + data.value
      },
    })
    app.mount(document.body)
    window.leave = () => app.unmount()`,
  svelte: `
    import { eventStore } from 'recipe'
    window.leave = eventStore('events', ${apply}, { retry: { min: 1 } })
      .subscribe((data) => { document.body.textContent = 'open ' + data })`,
}

let browser: Browser
let hub: Hub<{ numbers: { number: number } }>
let server: Server
let script: string
let requests: number
let project: SnippetProject

beforeAll(async () => {
  project = new SnippetProject()
  browser = await launchChromium()
})

beforeEach(async () => {
  hub = createHub()
  requests = 0
  server = createServer((req, res) => {
    if (req.url === '/events') {
      requests++
      hub.subscribe(openEventStream(req, res, { retry: 100 }), 'numbers', { snapshot: () => 10 })
    } else if (req.url === '/script.js') {
      res.writeHead(200, { 'Content-Type': 'text/javascript' }).end(script)
    } else {
      res.writeHead(200, { 'Content-Type': 'text/html' })
      res.end(
        '<!doctype html><link rel="icon" href="data:,"><body><script type="module" src="script.js"></script>',
      )
    }
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
})

afterEach(() => hub.close({ server }))

afterAll(async () => {
  await browser?.close()
  project.remove()
})

test.each(Object.keys(apps))(
  'the recipe for %s shows the state and its changes, and leaves nothing open',
  async (framework) => {
    script = bundle(framework)
    const page = await browser.newPage()
    const failures: Error[] = []
    page.on('pageerror', (error) => failures.push(error))
    try {
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
      await see(page, 10)
      await hub.publish('numbers', { event: 'number', data: 1 })
      await see(page, 11)
      // Strict mode mounts twice.
      expect(requests).toBe(1)
      hub.disconnect(() => true)
      await eventually('another stream', () => requests === 2 && hub.stats().streams === 1)
      await hub.publish('numbers', { event: 'number', data: 2 })
      await see(page, 13)
      await page.evaluate('leave()')
      await eventually('no stream', () => hub.stats().streams === 0)
      expect(failures).toEqual([])
    } finally {
      await page.close()
    }
  },
)

async function see(page: Page, sum: number): Promise<void> {
  await page.waitForFunction(`document.body.textContent.endsWith('open ${sum}')`)
}

/** The app, with the recipe from docs/client.md. */
function bundle(framework: string): string {
  const recipe = snippets('docs/client.md').find(({ code }) => code.includes(`from '${framework}`))
  if (recipe === undefined) throw new Error(`docs/client.md has no recipe for ${framework}`)
  project.write('recipe.ts', recipe.code)
  const { outputFiles } = buildSync({
    stdin: { contents: String(apps[framework]), resolveDir: root },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['@downstream/source', 'browser'],
    define: {
      'process.env.NODE_ENV': '"development"',
      __VUE_OPTIONS_API__: 'true',
      __VUE_PROD_DEVTOOLS__: 'false',
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    },
    alias: { recipe: `${project.folder}/recipe.ts` },
    write: false,
  })
  return String(outputFiles[0]?.text)
}
