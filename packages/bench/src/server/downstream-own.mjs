// Like downstream-shared, but everything is compressed separately for each client.
import { createServer } from 'node:http'
import { createHub, openEventStream } from '@downstream/core'

const hub = createHub()

export const server = createServer((req, res) => {
  hub.subscribe(openEventStream(req, res, { compression: 'own' }), 'news')
})

/** @param {string} data */
export function publish(data) {
  hub.publish('news', { data })
}
