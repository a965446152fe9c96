// The recipe of docs/shutdown.md with the real pm2, which sends SIGINT and, after kill_timeout, SIGKILL.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { eventually } from '@downstream/testing'
import { freePorts } from '../../scripts/free-ports.mjs'
import { exitCode, NewsApp } from './news-app.ts'

const pm2Program = join(createRequire(__filename).resolve('pm2/package.json'), '../bin/pm2')

let app: NewsApp

beforeEach(async () => {
  // Longer than the 1.6 s after which pm2 kills by default.
  app = new NewsApp(await freePorts(1), 3_000)
})

afterEach(async () => {
  await pm2('kill')
  app.remove()
})

test('a reload ends the streams of each process in time, after a new process is ready', async () => {
  await pm2('start', 'ecosystem.config.cjs')
  const streams = await Promise.all(Array.from({ length: 12 }, () => app.open()))
  const before = await pids()
  expect(before).toHaveLength(2)

  const reloading = pm2('reload', 'all')
  let refused = 0
  const visitors = (async () => {
    for (let over = false; !over; ) {
      over = await Promise.race([
        reloading.then(() => true),
        new Promise<false>((r) => setTimeout(r, 50, false)),
      ])
      await fetch(`http://127.0.0.1:${app.port}/`).catch(({ cause }) => {
        if (cause?.code === 'ECONNREFUSED') refused++
      })
    }
  })()
  await reloading
  await visitors
  for (const stream of streams) {
    await eventually('the end of the stream', () => stream.ended)
    // The process was not killed: it has sent its retry.
    expect(stream.text).toMatch(/\nretry: \d+\n\n$/)
  }
  expect(refused).toBe(0)
  expect((await pids()).filter((pid) => before.includes(pid))).toEqual([])
})

test('processes with separate logs warn', async () => {
  await pm2('start', 'ecosystem.config.cjs')
  await app.open()
  await eventually('the warning', async () => (await logs()).includes('[SSE_LOCAL_LOG]'))
})

/** The files of pm2 are in the folder of the app, and so is the socket of its daemon. */
async function pm2(...args: string[]): Promise<string> {
  app.output = ''
  const child = app.run([pm2Program, ...args], {
    PM2_HOME: join(app.folder, '.pm2'),
    PM2_DISABLE_VERSION_CHECK: 'true',
  })
  const code = await exitCode(child)
  if (code !== 0) throw new Error(`pm2 ${args.join(' ')} exited with ${code}:\n${app.output}`)
  return app.output
}

async function pids(): Promise<number[]> {
  return (await pm2('pid', 'news')).trim().split('\n').map(Number)
}

function logs(): Promise<string> {
  return pm2('logs', '--nostream', '--lines', '100')
}
