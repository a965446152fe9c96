import { takePlace } from './places.js'

/** So long a hidden page keeps its connections, in ms. */
const patience = 5000

const all = new Set()

/**
 * A connection to the server that is held while it is wanted and somebody looks at the page.
 * Its subclass has `connect()`, which returns what disconnects.
 *
 * Its state is one of stopped, connecting, open, reconnecting, paused; each change is an event `connections` of the document.
 */
export class Connection {
  state = 'stopped'
  #onState
  #disconnect
  #release
  #attempt = 0

  constructor(name, onState) {
    this.name = name
    this.#onState = onState
    all.add(this)
  }

  async start() {
    if (this.state !== 'stopped' && this.state !== 'paused') return
    if (document.hidden) return this.report('paused')
    const attempt = ++this.#attempt
    this.report('connecting')
    const release = await takePlace(() => this.pause())
    // It may have been stopped meanwhile, and started again.
    if (attempt !== this.#attempt) return release()
    this.#release = release
    this.#disconnect = this.connect()
  }

  stop() {
    if (this.state === 'stopped') return
    this.#end()
    this.report('stopped')
  }

  /** Stops until the visitor comes back to the page. */
  pause() {
    if (this.state === 'stopped' || this.state === 'paused') return
    this.#end()
    this.report('paused')
  }

  resume() {
    if (this.state === 'paused') this.start()
  }

  /** Connects anew, because it is to be asked for something else. */
  reconnect() {
    if (!this.#disconnect) return
    this.#disconnect()
    this.#disconnect = this.connect()
  }

  report(state) {
    if (state === this.state) return
    this.state = state
    this.#onState(state)
    document.dispatchEvent(new Event('connections'))
  }

  #end() {
    this.#attempt++
    this.#disconnect?.()
    this.#release?.()
    this.#disconnect = this.#release = undefined
  }
}

export function openConnections() {
  return [...all].filter(({ state }) => state === 'open')
}

function pauseAll() {
  for (const connection of all) connection.pause()
}

function resumeAll() {
  for (const connection of all) connection.resume()
}

let timer
document.addEventListener('visibilitychange', () => {
  clearTimeout(timer)
  if (document.hidden) timer = setTimeout(pauseAll, patience)
  else resumeAll()
})
// Two windows side by side are both visible: here it is the one that is clicked on.
window.addEventListener('focus', resumeAll)
// A page with open connections would not be kept for the back button.
window.addEventListener('pagehide', pauseAll)
window.addEventListener('pageshow', resumeAll)
