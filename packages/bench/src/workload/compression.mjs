import { cpuFor, grouped } from './workload.mjs'

/** A description of each kind of event. @type {Record<import('../work.mjs').Kind, string>} */
const EVENTS = {
  price: 'a price of 120 bytes',
  list: 'a list of 4 KB',
  table: 'a table of 5.5 KB, one row of it new',
}

/** @param {number} clients @param {import('../work.mjs').Kind} kind */
export function compressionName(clients, kind) {
  return `compression to ${grouped(clients)}: ${EVENTS[kind]}`
}

/**
 * @param {object} options
 * @param {number} options.clients
 * @param {import('../work.mjs').Kind} options.kind
 * @param {readonly string[]} options.contestants
 * @param {number} options.deliveries
 * @param {number} options.warmUp How many events a server must have delivered before it is measured.
 * @returns {import('./workload.mjs').Workload}
 */
export function compression({ clients, kind, contestants, deliveries, warmUp }) {
  return {
    name: compressionName(clients, kind),
    does: 'Publishes one event a tick to every client. Measures the CPU time of the server and the bytes sent per delivered event, and then the memory of the server per stream.',
    doesNot: 'It does not measure the cost of decompression in a client.',
    clients,
    contestants,
    columns: [
      { key: 'cpu', title: 'CPU', unit: 'µs' },
      { key: 'bytes', title: 'on the wire', unit: 'B' },
      { key: 'rss', title: 'RSS', unit: 'KB' },
      { key: 'heap', title: 'heap', unit: 'KB' },
    ],
    async measure(session) {
      const ticks = Math.max(4, Math.round(deliveries / clients))
      // Fill the window of the compressor first.
      for (let n = 0; n < ticks; n++) await session.tick(1, kind)
      // Warm up equally: a server that was measured in other workloads before is faster, because V8 has optimized its
      // code.
      while (session.expected * clients < warmUp) await session.tick(1, kind)
      const before = await session.bytesReceived()
      const usage = await session.cpu(async () => {
        for (let n = 0; n < ticks; n++) await session.tick(1, kind)
      })
      const bytes = (await session.bytesReceived()) - before
      await session.verify()
      const memory = await session.server.memory()
      const { cpu = 0 } = cpuFor(usage, ticks * clients)
      const values = {
        cpu,
        bytes: bytes / ticks / clients,
        rss: (memory.rss - session.baseline.rss) / session.added / 1024,
        heap: ((memory.heap ?? 0) - (session.baseline.heap ?? 0)) / session.added / 1024,
      }
      return [{ case: 'each event', values }]
    },
  }
}
