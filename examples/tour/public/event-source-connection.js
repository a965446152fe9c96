import { Connection } from './connection.js'

const retryAfter = 1000

/** An EventSource after the other, each behind the last event of the one before. */
export class EventSourceConnection extends Connection {
  lastEventId = ''
  #path
  #parameters
  #listeners

  constructor(name, { path, parameters = () => ({}), events, onState = () => {} }) {
    super(name, onState)
    this.#path = path
    this.#parameters = parameters
    // A bookmark moves the last event ID while the channels are quiet.
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
        // A browser reconnects by itself, but gives up for good at any answer other than 200: a proxy's 502, for example.
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
