import { Connection } from './connection.js'

const retryAfter = 1000

/** One EventSource after another, each starting after the last event of the previous one. */
export class EventSourceConnection extends Connection {
  lastEventId = ''
  #path
  #parameters
  #listeners

  constructor(name, { path, parameters = () => ({}), events, onState = () => {} }) {
    super(name, onState)
    this.#path = path
    this.#parameters = parameters
    // A bookmark moves the last event ID while there are no events.
    this.#listeners = { bookmark: () => {}, ...events }
  }

  connect() {
    let source
    let timer
    const open = () => {
      source = new EventSource(
        `${this.#path}?${new URLSearchParams({ ...this.#parameters(), after: this.lastEventId })}`,
      )
      source.onopen = () => this.report('open')
      source.onerror = () => {
        this.report('reconnecting')
        // A browser reconnects by itself, but stops permanently after any status other than 200, such as a proxy's 502.
        if (source.readyState === EventSource.CLOSED) timer = setTimeout(open, retryAfter)
      }
      for (const [type, listener] of Object.entries(this.#listeners)) {
        source.addEventListener(type, (event) => {
          this.lastEventId = event.lastEventId
          listener(event)
        })
      }
    }
    open()
    return () => {
      clearTimeout(timer)
      source.close()
    }
  }
}
