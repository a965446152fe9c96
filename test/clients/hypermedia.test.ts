// The pages of docs/hypermedia.md, with the real packages, in Chromium.
import type { AddressInfo } from 'node:net'
import { createHub, type Hub, sse } from '@downstream/express'
import { eventually } from '@downstream/testing'
import express from 'express'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../browser/chromium.ts'
import { CuttingProxy } from '../browser/cutting-proxy.ts'
import { datastarItem, hypermediaPage, hypermediaScripts } from './hypermedia-page.ts'

const libraries = [
  { name: 'htmx', eventOf: (item: string) => ({ data: `<li class="item">${item}</li>` }) },
  {
    name: 'Turbo',
    eventOf: (item: string) => ({
      data: `<turbo-stream action="append" target="news"><template><li class="item">${item}</li></template></turbo-stream>`,
    }),
  },
  { name: 'Datastar', eventOf: datastarItem },
]

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser?.close())

test.each(libraries)(
  '$name: a connection that is cut in the middle loses and repeats nothing',
  async ({ name, eventOf }) => {
    const hub: Hub = createHub()
    const opened: string[] = []
    const app = express()
    app.use(sse({ lastEventIdParameter: 'after', compression: 'shared', retry: 200 }))
    app.get('/', (_req, res) => res.send(hypermediaPage(name, hub.cursor())))
    app.get('/events', (req, res) => {
      opened.push(String(req.headers['last-event-id'] ?? ''))
      hub.subscribe(res.sse(), 'news')
    })
    for (const [path, script] of Object.entries(hypermediaScripts))
      app.get(path, (_req, res) => res.type('text/javascript').send(script()))
    const server = app.listen(0)
    const proxy = await CuttingProxy.start((server.address() as AddressInfo).port)
    const tab = await browser.newPage()
    const errors: Error[] = []
    tab.on('pageerror', (error) => errors.push(error))
    let published = 0
    const publish = () => hub.publish('news', eventOf(`number ${published++}`))
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
