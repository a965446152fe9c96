import { quantile } from '../measure/statistics.mjs'
import { cpuColumns, cpuFor, grouped } from './workload.mjs'

const BYTES = 120

/**
 * @param {object} options
 * @param {readonly string[]} options.contestants
 * @param {number} options.clients How many reconnect.
 * @param {number} options.events How many events each of them has missed.
 * @returns {import('./workload.mjs').Workload}
 */
export function resume({ contestants, clients, events }) {
  return {
    name: 'resume',
    does: `${grouped(clients)} clients reconnect at once, and each receives the ${grouped(events)} events that it missed. Measures the CPU time of the server per client, and the delay of a timer meanwhile.`,
    doesNot: 'It does not measure a log outside the process.',
    clients: 0,
    contestants,
    columns: [...cpuColumns, { key: 'delay', title: 'timer late, p99', unit: 'ms' }],
    async measure(session) {
      await session.open({ count: 1 })
      await session.tick(1, BYTES)
      const lastEventId = await session.verify()
      for (let n = 0; n < events; n += 10) await session.tick(Math.min(10, events - n), BYTES)
      await session.closeClients()

      // First with a few clients, so that the measured code has been compiled.
      await reconnect(session, { lastEventId, clients: Math.ceil(clients / 10), events })
      await session.closeClients()
      await session.server.startTimer()
      const usage = await session.cpu(() => reconnect(session, { lastEventId, clients, events }))
      const delays = await session.server.stopTimer()
      await session.verify()
      const values = cpuFor(usage, clients * events)
      if (delays.length > 0) values.delay = quantile(delays, 0.99)
      return [{ case: `${grouped(clients)} × ${grouped(events)} events`, values }]
    },
  }
}

/**
 * @param {import('../measure/session.mjs').Session} session
 * @param {{ lastEventId: string, clients: number, events: number }} options
 */
async function reconnect(session, { lastEventId, clients, events }) {
  await session.open({ count: clients, atOnce: clients, lastEventId })
  await session.arrived(events)
}
