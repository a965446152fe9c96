import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePorts } from './free-ports.mjs'
import { howToInstall, partPath } from './test-parts.mjs'

/**
 * Starts a Redis that stores nothing on the disk; resolves when it accepts connections. It ends with this process.
 *
 * @returns {Promise<{ port: number, stop: () => void }>}
 */
export async function startRedis() {
  const program = partPath('redis-server')
  if (program === undefined)
    throw new Error(`This needs redis-server. To install it: ${howToInstall('redis-server')}`)
  const port = await freePorts()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '']
  const redis = spawn(program, args, { stdio: 'ignore' })
  const stop = () => void redis.kill('SIGKILL')
  process.once('exit', stop)
  while (!(await accepts(port))) {
    if (redis.exitCode !== null) throw new Error(`redis-server ended with code ${redis.exitCode}.`)
    await sleep(20)
  }
  return { port, stop }
}

/** @param {number} port */
async function accepts(port) {
  const socket = connect(port, '127.0.0.1')
  const connected = once(socket, 'connect').then(
    () => true,
    () => false,
  )
  return connected.finally(() => socket.destroy())
}
