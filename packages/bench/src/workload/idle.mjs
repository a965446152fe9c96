import { grouped } from './workload.mjs'

/**
 * @param {object} options
 * @param {number} options.clients
 * @param {readonly string[]} options.contestants
 * @returns {import('./workload.mjs').Workload}
 */
export function idle({ clients, contestants }) {
  return {
    name: 'idle connections',
    does: `Measures the memory of the server for each of ${grouped(clients)} idle streams, after a garbage collection.`,
    doesNot: 'It does not measure the memory of the kernel for a socket, nor the cost of a slow client.',
    clients,
    contestants,
    columns: [
      { key: 'rss', title: 'RSS', unit: 'KB' },
      { key: 'heap', title: 'heap', unit: 'KB' },
    ],
    async measure({ server, baseline, added }) {
      const memory = await server.memory()
      /** @type {Record<string, number>} */
      const values = { rss: (memory.rss - baseline.rss) / added / 1024 }
      // nginx has no such heap.
      if (memory.heap !== undefined) values.heap = (memory.heap - (baseline.heap ?? 0)) / added / 1024
      return [{ case: 'each connection', values }]
    },
  }
}
