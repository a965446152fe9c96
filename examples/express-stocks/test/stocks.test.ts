import type { Page } from 'playwright-core'
import { CuttingProxy } from '../../../test/browser/cutting-proxy.ts'
import { ExampleServer } from '../../../test/browser/example-server.ts'
import { visitExample, waitForState } from '../../../test/browser/visit-example.ts'

const visit = visitExample(() => ExampleServer.start('express-stocks', { TICK_MS: '50' }))

test('draws a line for each chosen stock, and continues to draw', async () => {
  const page = await openMarket()
  await waitForLine(page, 'ACME')
  await waitForLine(page, 'CORK')
  expect(await hasLine(page, 'FERN')).toBe(false)

  const [picture, price] = [await pictureOf(page), await priceOf(page, 'ACME')]
  await page.waitForFunction(
    `document.querySelector('#stocks tr:first-child .price').textContent !== ${JSON.stringify(price)}`,
  )
  await page.waitForFunction(`document.querySelector('canvas').toDataURL() !== ${JSON.stringify(picture)}`)
  // A screen reader would read each price.
  expect(await page.locator(':is([aria-live], [role=status], [role=log]) :is(canvas, td)').count()).toBe(0)
})

test('follows the stocks that are chosen, and no others', async () => {
  const page = await openMarket()
  await waitForLine(page, 'ACME')
  await page.getByLabel('ACME').uncheck()
  await page.waitForURL('**/?symbols=BOLT%2CCORK')
  await waitForState(page, 'open')
  await waitForNoLine(page, 'ACME')
  expect(await page.getByRole('row', { name: 'ACME' }).locator('.price').isVisible()).toBe(false)

  const asked = page.waitForRequest('**/prices?symbols=BOLT%2CCORK%2CFERN')
  await page.getByLabel('FERN').check()
  await asked
  await waitForLine(page, 'FERN')
  await page.reload()
  await waitForLine(page, 'FERN')
  await waitForNoLine(page, 'ACME')
  expect(await page.getByLabel('ACME').isChecked()).toBe(false)

  for (const symbol of ['BOLT', 'CORK', 'FERN']) await page.getByLabel(symbol).uncheck()
  await waitForState(page, 'nothing chosen')
})

test('continues after a lost connection', async () => {
  const proxy = await CuttingProxy.start(Number(new URL(visit.server.url).port))
  try {
    const page = await openMarket()
    await page.goto(proxy.url)
    await waitForState(page, 'open')
    proxy.cut()
    await waitForState(page, 'reconnecting')
    const picture = await pictureOf(page)
    await waitForState(page, 'open')
    await page.waitForFunction(`document.querySelector('canvas').toDataURL() !== ${JSON.stringify(picture)}`)
  } finally {
    await proxy.close()
  }
})

test('refuses a stream of an unknown stock', async () => {
  for (const query of ['', '?symbols=', '?symbols=ACME,toString', '?symbols=ACME&symbols=NOPE']) {
    const response = await fetch(`${visit.server.url}/prices${query}`)
    await response.text()
    expect(response.status).toBe(400)
  }
})

test('ends at Ctrl-C while a page is open', async () => {
  const page = await openMarket()
  expect(await visit.server.interrupt()).toBe(0)
  await waitForState(page, 'reconnecting')
})

async function openMarket(): Promise<Page> {
  const page = await visit.open()
  await waitForState(page, 'open')
  return page
}

function pictureOf(page: Page): Promise<string> {
  return page.evaluate<string>(`document.querySelector('canvas').toDataURL()`)
}

async function priceOf(page: Page, symbol: string): Promise<string | null> {
  return page.getByRole('row', { name: symbol }).locator('.price').textContent()
}

function waitForLine(page: Page, symbol: string): Promise<unknown> {
  return page.waitForFunction(isDrawn(symbol))
}

function waitForNoLine(page: Page, symbol: string): Promise<unknown> {
  return page.waitForFunction(`!(${isDrawn(symbol)})`)
}

function hasLine(page: Page, symbol: string): Promise<boolean> {
  return page.evaluate<boolean>(isDrawn(symbol))
}

/** Whether the chart has pixels in exactly the colour that the table shows for the stock. */
function isDrawn(symbol: string): string {
  return `(() => {
    const row = [...document.querySelectorAll('#stocks tr')].find((each) => each.textContent.includes('${symbol}'))
    if (row === undefined) return false
    const color = getComputedStyle(row.querySelector('line')).stroke.match(/\\d+/g).map(Number)
    const canvas = document.querySelector('canvas')
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] === 255 && color.every((part, index) => data[at + index] === part)) return true
    }
    return false
  })()`
}
