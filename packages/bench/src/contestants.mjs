import { createRequire } from 'node:module'
import { redisMissing } from './measure/redis-node.mjs'
import { nchanMissing, nchanVersion } from './server/nchan.mjs'

/**
 * @typedef {object} Contestant
 * @property {string} title
 * @property {string} [package] The package that has its version.
 * @property {boolean} [compresses] Its clients accept gzip.
 * @property {string} [ours] Which of our contestants it is compared with: the one on the same kind of server.
 */

/** All contestants, by the name of their file in server/. @type {Record<string, Contestant>} */
const all = {
  'downstream-node': { title: 'Downstream, node:http', package: '@downstream/core' },
  'downstream-express': { title: 'Downstream, Express', package: '@downstream/express' },
  'downstream-fastify': { title: 'Downstream, Fastify', package: '@downstream/fastify' },
  'better-sse': { title: 'better-sse', package: 'better-sse', ours: 'downstream-node' },
  'fastify-sse': { title: '@fastify/sse', package: '@fastify/sse', ours: 'downstream-fastify' },
  'fastify-sse-v2': { title: 'fastify-sse-v2', package: 'fastify-sse-v2', ours: 'downstream-fastify' },
  'express-sse': { title: 'express-sse', package: 'express-sse', ours: 'downstream-express' },
  'res-write-node': { title: 'res.write, node:http', ours: 'downstream-node' },
  'res-write-express': { title: 'res.write, Express', package: 'express', ours: 'downstream-express' },
  'redis-ioredis': { title: 'RedisLog, ioredis', package: 'ioredis' },
  'redis-node-redis': { title: 'RedisLog, node-redis', package: 'redis' },
  'downstream-shared': {
    title: "Downstream, compression: 'shared'",
    package: '@downstream/core',
    compresses: true,
  },
  'downstream-own': {
    title: "Downstream, compression: 'own'",
    package: '@downstream/core',
    compresses: true,
  },
  'gzip-each': { title: 'a gzip for each response', compresses: true },
  'downstream-runs': { title: 'Downstream, a run', package: '@downstream/core' },
  generator: { title: 'the generator alone', ours: 'downstream-runs' },
  'downstream-relay': { title: 'Downstream, relay', package: '@downstream/core' },
  pipe: { title: 'Readable.fromWeb(body).pipe(res)', ours: 'downstream-relay' },
  nchan: { title: 'nginx + nchan', ours: 'downstream-node' },
}

/** Why nchan is skipped; undefined if it is not. */
export const withoutNchan = nchanMissing()

/** Why the log on Redis is skipped; undefined if it is not. */
export const withoutRedis = redisMissing()

/** Logs that several processes share: they have a separate workload. @type {readonly string[]} */
export const sharedLogs =
  withoutRedis === undefined ? Object.keys(all).filter((name) => name.startsWith('redis-')) : []

/** The contestants that compress, and one that does not: they have separate workloads. @type {readonly string[]} */
export const compressing = ['downstream-node', 'downstream-shared', 'downstream-own', 'gzip-each']

/** The contestants in the workloads for runs and relays. */
export const unwatched = ['downstream-runs', 'generator']
export const followed = ['downstream-node', 'downstream-runs']
export const relaying = ['downstream-relay', 'pipe']
const special = new Set([...compressing, ...unwatched, ...followed, ...relaying])

/** The contestants that can run here. @type {readonly string[]} */
export const contestants = Object.keys(all).filter(
  (name) =>
    !name.startsWith('redis-') &&
    (name === 'downstream-node' || !special.has(name)) &&
    (name !== 'nchan' || withoutNchan === undefined),
)

/** @param {string} name */
export function contestant(name) {
  const found = all[name]
  if (found === undefined) throw new Error(`${name} is none of ${Object.keys(all).join(', ')}`)
  return found
}

/** @param {string} name @returns {string} */
export function versionOf(name) {
  if (name === 'nchan') return nchanVersion()
  const { package: dependency } = contestant(name)
  if (dependency === undefined) return `Node ${process.versions.node}`
  const { paths } = createRequire(import.meta.url).resolve
  for (const folder of paths(dependency) ?? []) {
    try {
      return createRequire(import.meta.url)(`${folder}/${dependency}/package.json`).version
    } catch {}
  }
  throw new Error(`${dependency} is not installed`)
}
