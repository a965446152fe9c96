import { showStateIn } from './show-state.js'

const maxMessages = 8
/** A stream that has reached its maxAge reconnects sooner than this; the page does not show it. */
const patience = 2000

const element = (id) => document.getElementById(id)

/** Follows the events under a prefix, in the section of the same name. */
class Feed {
  #prefix
  #listeners
  #isAllowed
  #onState
  #source
  #timer
  #opened = 0

  /** @param isAllowed - whether it makes sense to try again when the browser has given up */
  constructor(prefix, listeners, { isAllowed = () => true, onState = () => {} } = {}) {
    this.#prefix = prefix
    this.#listeners = listeners
    this.#isAllowed = isAllowed
    this.#onState = onState
  }

  open() {
    this.close()
    this.#source = new EventSource(`${this.#prefix}/events`)
    this.#source.onopen = () => {
      this.#wait()
      this.#find('.opened').textContent = ++this.#opened
      this.#show('open')
    }
    this.#source.onerror = () => this.#onError()
    for (const [name, listener] of Object.entries(this.#listeners)) {
      this.#source.addEventListener(name, (event) => listener(JSON.parse(event.data)))
    }
  }

  /** Shows that the stream cannot be opened yet. */
  refuse() {
    this.#show('signed out')
  }

  close() {
    this.#wait()
    this.#source?.close()
  }

  async #onError() {
    if (this.#source.readyState !== EventSource.CLOSED) {
      // It is dispatched at each failed attempt; the first one counts.
      if (this.#timer === undefined) this.#wait(() => this.#show('reconnecting'))
      return
    }
    // The browser has stopped: the response was a 401, or a proxy's error while the server restarts. It does not say which.
    const current = this.#source
    const allowed = await this.#isAllowed()
    if (current !== this.#source) return
    this.#show(allowed ? 'reconnecting' : 'signed out')
    this.#wait(allowed ? () => this.open() : undefined)
  }

  /** Calls `what` after the delay, instead of what was scheduled before. */
  #wait(what) {
    clearTimeout(this.#timer)
    this.#timer = what && setTimeout(what, patience)
  }

  #show(state) {
    showStateIn(element(this.#prefix), state)
    this.#onState(state)
  }

  #find(selector) {
    return element(this.#prefix).querySelector(selector)
  }
}

function showBoard(departures) {
  const rows = departures.map(({ time, to, status }) => {
    const row = document.createElement('tr')
    row.dataset.status = status
    for (const text of [time, to, status]) row.insertCell().textContent = text
    return row
  })
  element('board').replaceChildren(...rows)
}

function showMessage({ number, text }) {
  const item = document.createElement('li')
  const mark = document.createElement('small')
  mark.textContent = `#${number}`
  item.append(mark, ' ', text)
  element('messages').prepend(item)
  while (element('messages').children.length > maxMessages) element('messages').lastElementChild.remove()
}

function showDoor(door) {
  for (const [name, count] of Object.entries(door)) element(name).textContent = count
}

async function isSignedIn() {
  const response = await fetch('session').catch(() => undefined)
  return response?.ok ? (await response.json()).signedIn : true
}

function showSession(state) {
  const signedOut = state === 'signed out'
  element('session').textContent = signedOut ? 'Sign in as crew' : 'Sign out'
  // The next person at this page must not see messages to the crew.
  if (signedOut) element('messages').replaceChildren()
}

const departures = new Feed('departures', { board: showBoard, door: showDoor })
const crew = new Feed('crew', { message: showMessage }, { isAllowed: isSignedIn, onState: showSession })

element('session').onclick = async () => {
  const signedOut = element('crew').dataset.state === 'signed out'
  await fetch(signedOut ? 'session' : 'session/end', { method: 'POST' }).catch(() => {})
  // At sign-out the server ends the stream, and the hook refuses the browser when it reconnects.
  if (signedOut) crew.open()
}

departures.open()
// No stream without a session: its 401 would be an error in the console.
if (await isSignedIn()) crew.open()
else crew.refuse()
