// Requests /ping at a low rate, on a separate connection, and records how long each response took. It does not wait for one
// response before the next request: otherwise it would send the fewest requests when the server is slowest.
import { once } from 'node:events'
import { connect } from 'node:net'
import { answer } from '../measure/rpc.mjs'

/** In ms: 300 requests in 1.5 s, so that p99 is not a single outlier, at a hundredth of the capacity of the server. */
const INTERVAL = 5
const REQUEST = 'GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n'
const HEAD_END = '\r\n\r\n'

/** @type {{ stop: () => Promise<number[]> } | undefined} */
let probe

answer({
  /** @param {{ port: number }} server */
  async start({ port }) {
    probe = await startProbe(port)
  },
  stop: () => probe?.stop(),
})

/** @param {number} port */
async function startProbe(port) {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  /** The times of the requests without a response yet. @type {number[]} */
  const asked = []
  /** In ms. @type {number[]} */
  const latencies = []
  let rest = ''
  socket.setEncoding('latin1').on('data', (text) => {
    const answers = (rest + text).split(HEAD_END)
    rest = answers.pop() ?? ''
    for (const _ of answers) latencies.push(performance.now() - (asked.shift() ?? Number.NaN))
  })
  const ask = () => {
    asked.push(performance.now())
    socket.write(REQUEST)
  }
  // On a busy machine, a short measurement may be over before the first interval is.
  ask()
  const timer = setInterval(ask, INTERVAL)

  const stop = async () => {
    clearInterval(timer)
    // Wait for every request: the headers of a response may have arrived before its body.
    while (asked.length > 0) await once(socket, 'data')
    socket.destroy()
    return latencies
  }
  return { stop }
}
