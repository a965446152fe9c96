// The process of the clients. It counts every event that each of them receives.
import { answer } from '../measure/rpc.mjs'
import { Connection } from './connection.mjs'
import { received } from './received.mjs'

/** @type {Connection[]} */
let connections = []
let opened = 0
let arrived = 0
/** @type {string | undefined} */
let lost
/** @type {{ done: () => boolean, resolve: () => void, reject: (error: Error) => void } | undefined} */
let waiting

/** @type {import('./connection.mjs').ConnectionOwner} */
const owner = {
  onOpen() {
    opened++
    check()
  },
  onEvents(events) {
    arrived += events
    check()
  },
  onLost(why) {
    lost ??= why
    check()
  },
}

answer({
  /** @param {{ port: number, path: string, count: number, atOnce: number, compressed: boolean, lastEventId?: string }} options */
  async open({ count, atOnce, ...where }) {
    for (let n = 0; n < count; n++) {
      // The response of the first client is kept, and verify() parses it.
      connections.push(new Connection(owner, { ...where, keep: connections.length === 0 }))
      await until(() => connections.length - opened < atOnce)
    }
    await until(() => opened === connections.length)
  },
  /** Resolves when each client has received this many events since it was opened. @param {{ each: number, timeout: number }} events */
  async arrived({ each, timeout }) {
    const all = each * connections.length
    let before = arrived
    const watch = setInterval(() => {
      if (arrived === before) owner.onLost(`${all - arrived} of ${all} events are missing`)
      before = arrived
    }, timeout)
    try {
      await until(() => arrived >= all)
    } finally {
      clearInterval(watch)
    }
  },
  bytes: () => connections.reduce((sum, { bytes }) => sum + bytes, 0),
  /** @param {{ each: number }} events */
  verify({ each }) {
    const wrong = connections.filter(({ count }) => count !== each)
    if (wrong.length > 0) {
      const counts = wrong.slice(0, 5).map(({ count }) => count)
      throw new Error(`${wrong.length} clients did not get ${each} events, but ${counts.join(', ')}, …`)
    }
    const [first] = connections
    if (first === undefined) throw new Error('There is no client.')
    const { numbers, lastEventId } = received(first.text)
    for (const [at, number] of numbers.entries()) {
      if (number !== (numbers[0] ?? 0) + at) throw new Error(`Event ${number} is out of order.`)
    }
    if (numbers.length !== each) throw new Error(`${numbers.length} events could be parsed, not ${each}.`)
    return lastEventId
  },
  async close() {
    const closing = connections
    connections = []
    opened = arrived = 0
    lost = undefined
    await Promise.all(closing.map((connection) => connection.close()))
  },
})

/** @param {() => boolean} done @returns {Promise<void>} */
function until(done) {
  return new Promise((resolve, reject) => {
    waiting = { done, resolve, reject }
    check()
  })
}

function check() {
  if (waiting === undefined) return
  const { done, resolve, reject } = waiting
  if (lost !== undefined) reject(new Error(lost))
  else if (done()) resolve()
  else return
  waiting = undefined
}
