// A server that sends four events to two clients with the fault in FAULT.
import { createServer } from 'node:http'

/** Which events the two get. @type {Record<string, [number[], number[]]>} */
const faults = {
  loses: [
    [0, 2, 3],
    [0, 1, 2, 3],
  ],
  // The sum is correct.
  'mixes up': [
    [0, 1, 1, 2, 3],
    [0, 2, 3],
  ],
  swaps: [
    [0, 2, 1, 3],
    [0, 1, 2, 3],
  ],
}
const fault = faults[process.env.FAULT ?? ''] ?? []

/** @type {import('node:http').ServerResponse[]} */
const responses = []
/** @type {string[]} */
const events = []

export const server = createServer((_req, res) => {
  res.writeHead(200, { 'Content-Type': 'text/event-stream' })
  res.flushHeaders()
  responses.push(res)
})

/** @param {string} data */
export function publish(data) {
  if (events.push(`data: ${data}\n\n`) < 4) return
  for (const [at, res] of responses.entries()) {
    for (const n of fault[at] ?? []) res.write(events[n])
  }
}
