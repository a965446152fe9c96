// Runs in this process: one at /events for all concurrent clients, and one for each request of /unwatched.
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRuns, openEventStream } from '@downstream/core'
import { eventData, tokens } from '../work.mjs'

const runs = createRuns()
/** @type {string[]} */
let published = []
let wake = () => {}
let count = 0
let followers = 0

async function* source() {
  for (;;) {
    const tokens = published
    published = []
    yield* tokens
    await new Promise((resolve) => {
      wake = () => resolve(undefined)
    })
  }
}

/** Starts a new run for the first client, and for the first after all others have disconnected. @param {import('@downstream/core').EventStream} stream */
async function follow(stream) {
  if (followers++ === 0) {
    await runs.stop(`followed-${count}`)
    await runs.start(`followed-${++count}`, source())
  }
  await runs.follow(stream, `followed-${count}`)
  followers--
}

export const server = createServer((req, res) => {
  if (req.url === '/events') follow(openEventStream(req, res))
  else if (req.url?.startsWith('/unwatched')) unwatched(openEventStream(req, res), req.url)
  else res.end('pong')
})

/** A run without followers; the client gets a response when it has ended. @param {import('@downstream/core').EventStream} stream @param {string} url */
async function unwatched(stream, url) {
  const id = `unwatched-${++count}`
  await runs.start(id, tokens(url), { ttl: 1 })
  while ((await runs.state(id))?.status === 'running') await sleep(10)
  stream.send(eventData(0, 20))
  stream.close()
}

/** @param {string} data */
export function publish(data) {
  published.push(data)
  wake()
}
