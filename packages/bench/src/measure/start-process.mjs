import { fork, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * One core for the server, another for the clients and everything else; undefined where processes cannot be pinned.
 *
 * @type {{ server: string, clients: string } | undefined}
 */
export const cores = findCores()

/**
 * @param {string} file
 * @param {{ args?: string[], flags?: string[], core: 'server' | 'clients' }} options
 */
export function startProcess(file, { args = [], flags = [], core }) {
  const pinned = pinnedTo(core)
  const [execPath = '', ...execArgv] = [...pinned, process.execPath, ...flags]
  return fork(file, args, { execPath, execArgv, env: process.env })
}

/** The prefix of a command. @param {'server' | 'clients'} core @returns {string[]} */
export function pinnedTo(core) {
  return cores === undefined ? [] : ['taskset', '-c', cores[core]]
}

/** Keeps this process, which only passes messages on, off the core of the server. */
export function pinSelf() {
  if (cores) spawnSync('taskset', ['-a', '-c', '-p', cores.clients, String(process.pid)])
}

function findCores() {
  if (process.platform !== 'linux' || spawnSync('taskset', ['--version']).status !== 0) return undefined
  const allowed = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  const ids = allowed.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, n) => String(first + n))
  })
  const [clients, server] = [ids.at(0), ids.at(-1)]
  return clients === undefined || server === undefined || clients === server ? undefined : { server, clients }
}
