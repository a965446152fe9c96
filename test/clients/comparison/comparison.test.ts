import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { eventually } from '@downstream/testing'
import { buildSync } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../../browser/chromium.ts'
import { root } from '../../snippet-project.ts'
import { HostileServer, postTrials, type Trial, trials } from './hostile-server.ts'

/** What has not happened after this many ms does not happen: each client was told to retry after 200. */
const LATE = 6_000

/** The parts of each that the test uses. */
const exported: Record<string, string> = {
  '@downstream/client': 'connect',
  eventsource: 'EventSource',
  '@microsoft/fetch-event-source': 'fetchEventSource',
  'reconnecting-eventsource': 'default',
  'sse.js': 'SSE',
}

let browser: Browser
let server: HostileServer

beforeAll(async () => {
  server = await HostileServer.start(bundle({ entryPoints: [`${__dirname}/page.ts`] }))
  browser = await launchChromium()
})

afterAll(async () => {
  await browser?.close()
  await server?.close()
})

test('docs/client.md says what each client does with a server that fails', async () => {
  const table = readTable()
  const page = await browser.newPage()
  try {
    await page.goto(`http://localhost:${server.port}/`)
    const clients = [
      ...(await begin(page, 'get', trials.length)),
      ...(await begin(page, 'post', postTrials.length)),
    ].slice(0, table.clients.length)
    expect(table.clients).toEqual(clients)
    const all = [
      ...trials.map((trial, number) => ({ trial, kind: 'get', number })),
      ...postTrials.map((trial, number) => ({ trial, kind: 'post', number })),
    ]
    const outcomes = async () => {
      const received: Record<string, string[]> = await page.evaluate('received')
      return all.map(({ trial, kind, number }) => [
        trial.title,
        ...clients.map((_, client) => passes(trial, `${kind}/${client}/${number}`, received)),
      ])
    }
    const promised = table.rows.flatMap(([title, ...cells]) =>
      cells.flatMap((cell, client) => (cell ? [[title, client] as const] : [])),
    )
    let missing: unknown
    await eventually(
      'what the page promises',
      async () => {
        // eventually() asks two hundred times a second, and each answer costs the page and this process some ms of CPU.
        await sleep(250)
        const rows = new Map((await outcomes()).map(([title, ...cells]) => [title, cells]))
        const late = promised.filter(([title, client]) => !rows.get(title)?.[client])
        missing = late.map(([title, client]) => [title, clients[client]])
        return late.length === 0
      },
      () => JSON.stringify(missing),
    )
    await sleep(LATE)
    expect(await outcomes()).toEqual(table.rows)
  } finally {
    await page.close()
  }
})

test.each(Object.entries(readTable().sizes).filter(([client]) => client in exported))(
  '%s has the size that is stated in docs/client.md',
  (client, kilobytes) => {
    const contents = `export { ${exported[client]} } from '${client}'`
    const text = bundle({ stdin: { contents, resolveDir: __dirname } })
    expect(gzipSync(text, { level: 9 }).length / 1_000).toBeCloseTo(kilobytes, 1)
  },
)

function bundle(entry: Parameters<typeof buildSync>[0]): string {
  const { outputFiles } = buildSync({
    ...entry,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['@downstream/source'],
    logLevel: 'error',
    write: false,
  })
  return String(outputFiles?.[0]?.text)
}

function begin(page: Page, kind: 'get' | 'post', count: number): Promise<string[]> {
  return page.evaluate(`begin('${kind}', ${count})`)
}

function passes(trial: Trial, name: string, received: Record<string, string[]>): boolean {
  const asks = server.asks.get(name) ?? []
  return trial.passes(asks, received[name] ?? []) && !trial.spoils?.(asks)
}

/** The table of the page: its clients, and a row for each trial. */
function readTable() {
  const lines = readFileSync(`${root}/docs/client.md`, 'utf8').split('\n')
  const start = lines.findIndex((line) => line.startsWith('| | `@downstream/client`'))
  const cellsOf = (line: string) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
  const clients = cellsOf(lines[start] as string)
    .slice(1)
    .map((cell) => cell.replaceAll('`', ''))
  const rows: [string, ...boolean[]][] = []
  let sizes: Record<string, number> = {}
  for (const line of lines.slice(start + 2)) {
    if (!line.startsWith('|')) break
    const [title, ...cells] = cellsOf(line) as [string, ...string[]]
    if (title.startsWith('size')) {
      sizes = Object.fromEntries(
        clients.map((client, index) => [client, Number.parseFloat(String(cells[index]))]),
      )
    } else {
      for (const cell of cells) expect(['yes', '–']).toContain(cell)
      rows.push([title, ...cells.map((cell) => cell === 'yes')])
    }
  }
  return { clients, rows, sizes }
}
