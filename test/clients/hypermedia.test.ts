// The pages of docs/hypermedia.md, with the real packages, in Chromium.
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createHub, type Hub, sse } from '@downstream/express'
import { eventually } from '@downstream/testing'
import { buildSync } from 'esbuild'
import express from 'express'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../browser/chromium.ts'
import { CuttingProxy } from '../browser/cutting-proxy.ts'

const root = `${__dirname}/../..`
const modules = `${root}/node_modules`
const page = readFileSync(`${root}/docs/hypermedia.md`, 'utf8')

/** The HTML under a heading. */
function htmlOf(heading: string): string {
  return /```html\n(.*?)```/s.exec(page.split(`\n## ${heading}\n`)[1] ?? '')?.[1] ?? ''
}

const scripts: Record<string, () => string> = {
  '/htmx.js': () => readFileSync(`${modules}/htmx.org/dist/htmx.js`, 'utf8'),
  '/hx-sse.js': () => readFileSync(`${modules}/htmx.org/dist/ext/hx-sse.js`, 'utf8'),
  '/turbo.js': () => readFileSync(`${modules}/@hotwired/turbo/dist/turbo.es2017-esm.js`, 'utf8'),
  '/datastar.js': () => {
    const dist = `${modules}/@starfederation/datastar/dist`
    const options = { bundle: true, format: 'esm', write: false, alias: { '~': dist } } as const
    return buildSync({ ...options, entryPoints: [`${dist}/bundles/datastar.js`] }).outputFiles[0]?.text ?? ''
  },
}

const libraries = [
  { name: 'htmx', eventOf: (item: string) => ({ data: item }) },
  {
    name: 'Turbo',
    eventOf: (item: string) => ({
      data: `<turbo-stream action="append" target="news"><template>${item}</template></turbo-stream>`,
    }),
  },
  {
    name: 'Datastar',
    eventOf: (item: string) => ({
      event: 'datastar-merge-fragments',
      data: `mergeMode append\nselector #news\nfragments ${item}`,
    }),
  },
]

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser?.close())

test.each(libraries)(
  '$name: cut in the middle, nothing is missing and nothing comes twice',
  async ({ name, eventOf }) => {
    const hub: Hub = createHub()
    const opened: string[] = []
    const app = express()
    app.use(sse({ lastEventIdParameter: 'after', compression: 'shared', retry: 200 }))
    app.get('/', (_req, res) => res.send(`<!doctype html>${htmlOf(name).replace('CURSOR', hub.cursor())}`))
    app.get('/events', (req, res) => {
      opened.push(String(req.headers['last-event-id'] ?? ''))
      hub.subscribe(res.sse(), 'news')
    })
    for (const [path, script] of Object.entries(scripts))
      app.get(path, (_req, res) => res.type('text/javascript').send(script()))
    const server = app.listen(0)
    const proxy = await CuttingProxy.start((server.address() as AddressInfo).port)
    const tab = await browser.newPage()
    const errors: Error[] = []
    tab.on('pageerror', (error) => errors.push(error))
    let published = 0
    const publish = () => hub.publish('news', eventOf(`<li class="item">number ${published++}</li>`))
    try {
      await tab.goto(proxy.url)
      await eventually('the stream', () => opened.length > 0)
      for (let count = 0; count < 5; count++) await publish()
      await shows(tab, published)
      proxy.cut()
      for (let count = 0; count < 5; count++) await publish()
      await eventually('coming back', () => opened.length > 1)
      for (let count = 0; count < 5; count++) await publish()
      await shows(tab, published)
      expect(await tab.locator('#news li').allTextContents()).toEqual(
        Array.from({ length: 15 }, (_, number) => `number ${number}`),
      )
      expect(opened[1]).not.toBe('')
      expect(errors).toEqual([])
    } finally {
      await tab.close()
      await proxy.close()
      server.closeAllConnections()
      server.close()
      await hub.close()
    }
  },
)

async function shows(tab: Page, count: number): Promise<void> {
  await tab
    .locator('#news li')
    .nth(count - 1)
    .waitFor()
}
