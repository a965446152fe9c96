import { connect } from '/vendor/client/browser.js'
import { Connection } from './connection.js'

/** One connection after the other, each after the last event of the one before. */
export class StreamConnection extends Connection {
  lastEventId = ''
  #path
  #parameters
  #listeners
  #options

  /** @param options - of the client's connect() */
  constructor(name, { path, parameters = () => ({}), events, onState = () => {}, ...options }) {
    super(name, onState)
    this.#path = path
    this.#parameters = parameters
    // A bookmark moves the last event ID while there are no events.
    this.#listeners = { bookmark: () => {}, ...events }
    this.#options = options
  }

  connect() {
    const url = `${this.#path}?${new URLSearchParams(this.#parameters())}`
    const source = connect(url, { after: this.lastEventId, ...this.#options })
    for (const [name, listener] of Object.entries(this.#listeners)) {
      source.on(name, (data, event) => {
        this.lastEventId = event.id
        listener(data, event)
      })
    }
    source.onState((state) => {
      if (state === 'open') this.report('open')
      if (state === 'waiting') this.report('reconnecting')
    })
    return source.close
  }
}
