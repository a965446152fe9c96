/** For how many ms a hidden page keeps its connections. */
const pauseAfter = 5000

const all = new Set()

/**
 * A connection to the server that is open while it is wanted and a user looks at the page.
 * Its subclass has `connect()`, which returns a function that disconnects.
 *
 * Its state is one of stopped, connecting, open, reconnecting, paused; each change is an event `connections` of the document.
 */
export class Connection {
  state = 'stopped'
  #onState
  #disconnect

  constructor(name, onState) {
    this.name = name
    this.#onState = onState
    all.add(this)
  }

  start() {
    if (this.state !== 'stopped' && this.state !== 'paused') return
    if (document.hidden) return this.report('paused')
    this.report('connecting')
    this.#disconnect = this.connect()
  }

  stop() {
    if (this.state === 'stopped') return
    this.#end()
    this.report('stopped')
  }

  /** Stops until the visitor returns to the page. */
  pause() {
    if (this.state === 'stopped' || this.state === 'paused') return
    this.#end()
    this.report('paused')
  }

  resume() {
    if (this.state === 'paused') this.start()
  }

  /** Connects again with another request. */
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
    this.#disconnect?.()
    this.#disconnect = undefined
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
  if (document.hidden) timer = setTimeout(pauseAll, pauseAfter)
  else resumeAll()
})
// Browsers do not keep a page with open connections for the back button.
window.addEventListener('pagehide', pauseAll)
window.addEventListener('pageshow', resumeAll)
