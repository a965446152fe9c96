// Like downstream-node, but events are compressed once for all clients.
import { createServer } from 'node:http'
import { createHub, openEventStream } from '@downstream/core'

const hub = createHub()

export const server = createServer((req, res) => {
  hub.subscribe(openEventStream(req, res, { compression: 'shared' }), 'news')
})

/** @param {string} data */
export function publish(data) {
  hub.publish('news', { data })
}
