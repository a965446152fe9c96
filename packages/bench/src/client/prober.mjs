// Asks for /ping at a low rate, on a connection of its own, and notes how long each answer took. It does not wait for one
// answer before it asks again: else it would ask least when the server is slowest.
import { once } from 'node:events'
import { connect } from 'node:net'
import { answer } from '../measure/rpc.mjs'

/** In ms: 300 answers in 1.5 s, so that p99 is not the one that was unlucky, and a hundredth of what the server can do. */
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
  /** When each question was asked that has no answer yet. @type {number[]} */
  const asked = []
  /** In ms. @type {number[]} */
  const latencies = []
  let rest = ''
  socket.setEncoding('latin1').on('data', (text) => {
    const answers = (rest + text).split(HEAD_END)
    rest = answers.pop() ?? ''
    for (const _ of answers) latencies.push(performance.now() - (asked.shift() ?? Number.NaN))
  })
  const timer = setInterval(() => {
    asked.push(performance.now())
    socket.write(REQUEST)
  }, INTERVAL)

  const stop = async () => {
    clearInterval(timer)
    // An answer's head may be there and its last question's not: all of them count.
    while (asked.length > 0) await once(socket, 'data')
    socket.destroy()
    return latencies
  }
  return { stop }
}
