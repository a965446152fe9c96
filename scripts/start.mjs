// `npm start`: the two clock examples side by side. PORT moves Express (3000); Fastify takes the port after it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const port = Number(process.env.PORT || 3000)
if (!Number.isInteger(port) || port < 1 || port > 65_534) {
  fail(`PORT is ${process.env.PORT}: it must be a number from 1 to 65534.`)
}
const apps = [
  { name: 'Express', directory: 'express-clock', port },
  { name: 'Fastify', directory: 'fastify-clock', port: port + 1 },
]

for (const app of apps) {
  if (await isListening(app.port)) {
    fail(`Port ${app.port}, for ${app.name}, is taken. Choose another: PORT=4000 npm start`)
  }
}

let stopping = false
const children = apps.map((app) => {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/server.ts'], {
    cwd: fileURLToPath(new URL(`../examples/${app.directory}`, import.meta.url)),
    env: { ...process.env, PORT: String(app.port) },
    stdio: ['ignore', 'inherit', 'inherit'],
    // A terminal sends Ctrl-C to the whole process group. In a group of its own a child gets it once, from us.
    detached: true,
  })
  child.once('exit', (code, signal) => {
    if (stopping) return
    console.error(`${app.name} ended (${signal ?? `exit code ${code}`}); stopping.`)
    stop('SIGTERM', 1)
  })
  return child
})

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => stop(signal === 'SIGINT' ? 'SIGINT' : 'SIGTERM', 0))
}
// `kill` on npm ends npm and the shell between us, and tells us nothing. Then we are somebody else's child.
if (process.env.npm_lifecycle_event === 'start') {
  const parent = process.ppid
  setInterval(() => process.ppid !== parent && stop('SIGTERM', 0), 200)
}

for (const app of apps) {
  while (!stopping && !(await isListening(app.port))) await sleep(50)
}
if (!stopping) for (const app of apps) console.log(`${app.name}: http://localhost:${app.port}`)

/**
 * @param {NodeJS.Signals} signal
 * @param {number} exitCode
 */
async function stop(signal, exitCode) {
  if (stopping) return
  stopping = true
  const running = children.filter((child) => child.exitCode === null && child.signalCode === null)
  const impatience = setTimeout(() => {
    for (const child of running) child.kill('SIGKILL')
  }, 10_000)
  await Promise.all(
    running.map((child) => {
      const exited = once(child, 'exit')
      child.kill(signal)
      return exited
    }),
  )
  clearTimeout(impatience)
  process.exit(exitCode)
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function isListening(port) {
  return new Promise((resolve) => {
    const socket = connect(port, 'localhost')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** @param {string} message */
function fail(message) {
  console.error(message)
  process.exit(1)
}
