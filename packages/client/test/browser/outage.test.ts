import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { createHub, type Hub } from '@downstream/core'
import { eventually } from '@downstream/testing'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { freePorts } from '../../../../scripts/free-ports.mjs'
import { launchChromium } from '../../../../test/browser/chromium.ts'
import { onSources } from '../../../../test/sources/on-sources.ts'
import { RedisLog } from '../../../redis/src/index.ts'
import { redisClients } from '../../../redis/test/harness/redis-clients.ts'
import { RedisServer } from '../../../redis/test/harness/redis-server.ts'
import { Nginx } from './nginx.ts'

let redis: RedisServer
let nginx: Nginx
let ports: [number, number]
let browser: Browser
let context: BrowserContext
let hub: Hub<{ numbers: { number: number } }>
let closeRedisClient: () => void
const processes = new Map<number, ChildProcess>()
let publishing: NodeJS.Timeout

beforeAll(async () => {
  redis = await RedisServer.start()
  const first = await freePorts(2)
  ports = [first, first + 1]
  nginx = await Nginx.start(ports, 'proxy_http_version 1.1;')
  browser = await launchChromium()
  context = await browser.newContext()
  const { client, close } = redisClients['ioredis 6'](redis.port)
  closeRedisClient = close
  hub = createHub({ log: new RedisLog(client) })
  await hub.ready()
})

afterAll(async () => {
  clearInterval(publishing)
  await context?.close()
  await browser?.close()
  for (const child of processes.values()) child.kill('SIGKILL')
  await hub?.close()
  closeRedisClient?.()
  await nginx?.stop()
  await redis?.close()
})

/** Resolves when it serves requests. */
async function startProcess(port: number): Promise<void> {
  const args = [...onSources, 'numbers-process.ts', port, redis.port]
  const child = spawn(process.execPath, args.map(String), {
    cwd: __dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  processes.set(port, child)
  await Promise.race([
    once(child.stdout as NonNullable<typeof child.stdout>, 'data'),
    once(child, 'exit').then(() => {
      throw new Error('The process has ended')
    }),
  ])
}

async function stopProcess(port: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const child = processes.get(port) as ChildProcess
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}

test('an outage of 5 s with 502s and a rolling restart of two processes lose and repeat nothing', async () => {
  await Promise.all(ports.map(startProcess))
  const after = JSON.stringify(hub.cursor())
  const queries = ['', '&share=true', '&share=true', '&poll="always"']
  const pages: Page[] = []
  for (const [index, query] of queries.entries()) {
    const page = await context.newPage()
    await page.goto(`${nginx.url}/?tab=${index}&after=${encodeURIComponent(after)}${query}`)
    pages.push(page)
  }
  let published = 0
  publishing = setInterval(() => {
    hub.publish('numbers', { event: 'number', data: published++ })
  }, 20)
  const expectMore = async () => {
    const next = published
    for (const page of pages) await page.waitForFunction(`received.at(-1) >= ${next}`)
  }
  await expectMore()

  // The outage: SIGKILL, and nginx answers 502.
  await Promise.all(ports.map((port) => stopProcess(port, 'SIGKILL')))
  await sleep(5_000)
  await pages[0]?.waitForFunction('states.includes("waiting 502")')
  await Promise.all(ports.map(startProcess))
  await expectMore()

  for (const port of ports) {
    await stopProcess(port, 'SIGTERM')
    await expectMore()
    await startProcess(port)
  }
  await expectMore()

  clearInterval(publishing)
  for (const page of pages) {
    await eventually(
      'the last number',
      async () => (await page.evaluate('received.at(-1)')) === published - 1,
      () => page.url(),
    )
    expect(await page.evaluate('received')).toEqual(Array.from({ length: published }, (_, number) => number))
  }
})
