import { cpus, release, totalmem, type } from 'node:os'
import { cores } from './start-process.mjs'

/** The machine, without which a figure means nothing. @typedef {string} Machine */

/** @returns {Machine} */
export function machine() {
  const all = cpus()
  const memory = Math.round(totalmem() / 1024 ** 3)
  const pinned =
    cores === undefined ? 'not pinned to cores' : 'server and clients each pinned to a separate core'
  return `${all[0]?.model.trim()}, ${all.length} cores, ${memory} GB, ${type()} ${release()}, Node ${process.version}; ${pinned}`
}
