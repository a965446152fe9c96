import { connect } from 'node:net'
import { MARK } from '../work.mjs'

const MARK_CODE = MARK.charCodeAt(0)
const READ_SIZE = 65_536
/**
 * The read buffer of all sockets: bytes are counted before the next read overwrites them. The last byte is for a mark.
 */
const memory = Buffer.alloc(READ_SIZE + 1)
const shared = memory.subarray(0, READ_SIZE)
/** The empty block that ends each flush of a compressor. Nothing else in a response looks like it. */
const FLUSHED = Buffer.from([0, 0, 0xff, 0xff])

/**
 * @typedef {object} ConnectionOwner
 * @property {() => void} onOpen The headers have arrived.
 * @property {(events: number) => void} onEvents
 * @property {(why: string) => void} onLost It was closed by the server, or the response is not an event stream.
 */

/** One client: a socket that counts the events that it receives. */
export class Connection {
  count = 0
  bytes = 0
  /** Everything that was received, if it is kept. */
  text = ''
  #owner
  #keep
  #socket
  #opened = false
  #head = ''
  #compressed
  /** The last bytes of the last read, in which the end of an event may have started. */
  #before = Buffer.alloc(0)

  /**
   * @param {ConnectionOwner} owner
   * @param {{ port: number, path: string, lastEventId?: string | undefined, keep: boolean, compressed: boolean }} options
   */
  constructor(owner, { port, path, lastEventId, keep, compressed }) {
    this.#owner = owner
    this.#keep = keep
    this.#compressed = compressed
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      onread: { buffer: shared, callback: (size) => this.#read(size) },
    })
    this.#socket.on('connect', () => {
      const resume = lastEventId === undefined ? '' : `Last-Event-ID: ${lastEventId}\r\n`
      const accept = compressed ? 'Accept-Encoding: gzip\r\n' : ''
      this.#socket.write(
        `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n${accept}${resume}\r\n`,
      )
    })
    this.#socket.on('error', (error) => owner.onLost(error.message))
    this.#socket.on('close', () => owner.onLost('the server closed a connection'))
  }

  /** @returns {Promise<void>} */
  close() {
    this.#socket.removeAllListeners('close').removeAllListeners('error')
    return new Promise((resolve) => {
      this.#socket.on('error', () => {}).on('close', () => resolve())
      this.#socket.destroy()
    })
  }

  /** @param {number} size */
  #read(size) {
    this.bytes += size
    if (this.#keep) this.text += memory.toString('latin1', 0, size)
    let at = this.#opened ? 0 : this.#readHead(size)
    if (this.#compressed) {
      if (this.#opened) this.#countFlushed(memory.subarray(at, size))
      return true
    }
    // A mark after these bytes ends the search before the bytes of an earlier read.
    const replaced = memory[size]
    memory[size] = MARK_CODE
    let events = 0
    for (;;) {
      at = memory.indexOf(MARK_CODE, at) + 1
      if (at > size) break
      events++
    }
    memory[size] = /** @type {number} */ (replaced)
    if (events === 0) return true
    this.count += events
    this.#owner.onEvents(events)
    return true
  }

  /** @param {Buffer} read */
  #countFlushed(read) {
    const bytes = Buffer.concat([this.#before, read])
    let events = 0
    for (let at = bytes.indexOf(FLUSHED); at !== -1; at = bytes.indexOf(FLUSHED, at + 4)) events++
    this.#before = bytes.subarray(Math.max(0, bytes.length - 3))
    if (events === 0) return
    this.count += events
    this.#owner.onEvents(events)
  }

  /** @param {number} size @returns {number} Where the body begins. */
  #readHead(size) {
    const before = this.#head.length
    this.#head += memory.toString('latin1', 0, size)
    const end = this.#head.indexOf('\r\n\r\n')
    if (end === -1) return size
    this.#opened = true
    const [status = ''] = this.#head.split('\r\n')
    this.#head = ''
    if (status.includes(' 200 ')) this.#owner.onOpen()
    else this.#owner.onLost(`the server answered ${status}`)
    return end + 4 - before
  }
}
