import { constants, gunzipSync } from 'node:zlib'
import { createParser } from 'eventsource-parser'
import { MARK } from '../work.mjs'

/**
 * Reads the response that a client received with an independent parser.
 *
 * @param {string} response With its headers.
 * @returns {{ numbers: number[], lastEventId: string | undefined }} The numbers of the events that count, in order.
 */
export function received(response) {
  const [head = '', ...body] = response.split('\r\n\r\n')
  const text = body.join('\r\n\r\n')
  /** @type {number[]} */
  const numbers = []
  /** @type {string | undefined} */
  let lastEventId
  const parser = createParser({
    onEvent({ id, data }) {
      if (!data.includes(MARK)) return
      lastEventId = id
      // Some contestants send a string as it is, some as JSON.
      numbers.push(Number.parseInt(data.replace('"', ''), 10))
    },
  })
  const whole = /^transfer-encoding: *chunked/im.test(head) ? unchunked(text) : text
  parser.feed(/^content-encoding: *gzip/im.test(head) ? gunzipped(whole) : whole)
  return { numbers, lastEventId }
}

/** The part that has arrived so far. @param {string} body */
function gunzipped(body) {
  return gunzipSync(Buffer.from(body, 'latin1'), { finishFlush: constants.Z_SYNC_FLUSH }).toString()
}

/** @param {string} body */
function unchunked(body) {
  let text = ''
  for (let at = 0; at < body.length; ) {
    const start = body.indexOf('\r\n', at) + 2
    const size = Number.parseInt(body.slice(at, start), 16)
    text += body.slice(start, start + size)
    at = start + size + 2
  }
  return text
}
