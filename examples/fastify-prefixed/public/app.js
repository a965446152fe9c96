import { connect } from './client.js'
import { showStateIn } from './show-state.js'

const maxMessages = 8

const element = (id) => document.getElementById(id)

/** Follows the events under a prefix, in the section of the same name. */
function follow(prefix, listeners) {
  const source = connect(`${prefix}/events`)
  for (const [name, listener] of Object.entries(listeners)) source.on(name, listener)
  source.onState((state, error) => {
    if (state === 'open') {
      const opened = element(prefix).querySelector('.opened')
      opened.textContent = Number(opened.textContent) + 1
      showState(prefix, 'open')
    }
    // A stream that has reached its maxAge ends without an error, and is soon back.
    if (state === 'waiting' && error) showState(prefix, 'reconnecting')
    // The hook answers 401.
    if (state === 'closed') showState(prefix, 'signed out')
  })
}

function showState(prefix, state) {
  showStateIn(element(prefix), state)
  if (prefix === 'crew') showSession(state === 'signed out')
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

function showSession(signedOut) {
  element('session').textContent = signedOut ? 'Sign in as crew' : 'Sign out'
  // The next person at this page must not see messages to the crew.
  if (signedOut) element('messages').replaceChildren()
}

element('session').onclick = async () => {
  const signedOut = element('crew').dataset.state === 'signed out'
  await fetch(signedOut ? 'session' : 'session/end', { method: 'POST' }).catch(() => {})
  // At sign out the server ends the stream, and the hook refuses the next one.
  if (signedOut) follow('crew', { message: showMessage })
}

follow('departures', { board: showBoard, door: showDoor })
// No stream without a session: its 401 would be an error in the console.
if (await isSignedIn()) follow('crew', { message: showMessage })
else showState('crew', 'signed out')
