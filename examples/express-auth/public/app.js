import { connect } from './client.js'
import { showState } from './show-state.js'

const retryAfter = 1000
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' })

const element = (id) => document.getElementById(id)

let source
let wasInside = false

// Incoming

async function start() {
  source?.close()
  try {
    const response = await fetch('me')
    if (!response.ok) throw new Error(`HTTP ${response.status}`)
    const { user, cursor, notes } = await response.json()
    if (user === undefined) return showOutside()
    showInside(user, notes)
    open(cursor)
  } catch {
    showState('reconnecting')
    setTimeout(start, retryAfter)
  }
}

function open(after) {
  source = connect('events', { after })
  source.on('note', (note) => element('notes').prepend(newItem(note)))
  source.on('gap', ({ delay }) => {
    // Notes may be missing: the server was restarted, or the page was offline for too long.
    source.close()
    setTimeout(start, delay)
  })
  source.onState((state, error) => {
    if (state === 'open') showState('open')
    if (state === 'waiting') showState('reconnecting')
    // We were logged out, perhaps in another tab.
    if (state === 'closed' && error?.status === 401) start()
  })
}

// Outgoing

element('login').onsubmit = async (event) => {
  event.preventDefault()
  if (await post('login', formData(event.target), 'login-problem')) start()
}

element('logout').onclick = async () => {
  if (await post('logout', {}, 'write-problem')) start()
}

element('write').onsubmit = async (event) => {
  event.preventDefault()
  const { to, text } = formData(event.target)
  element('sent').textContent = ''
  if (!(await post('notes', { to, text }, 'write-problem'))) return
  element('sent').textContent = `Sent to ${to}.`
  element('text').value = ''
}

function formData(form) {
  return Object.fromEntries(new FormData(form))
}

/** Returns whether it was accepted; if not, shows the reason. */
async function post(url, body, problem) {
  element(problem).textContent = ''
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (response.ok) return true
    element(problem).textContent = (await response.json()).error
  } catch {
    element(problem).textContent = 'The server does not answer.'
  }
  return false
}

// Display

function showOutside() {
  showState('signed out')
  const reason = wasInside
    ? 'You were logged out, and your stream of notes has ended.'
    : 'You are not logged in.'
  element('reason').textContent = `${reason} Log in, and the server opens a stream of notes for you.`
  element('notes').replaceChildren()
  swap('inside', 'outside')
  wasInside = false
}

function showInside(user, notes) {
  element('me').textContent = user
  element('to').value = [...element('to').options].find(({ value }) => value !== user).value
  element('notes').replaceChildren(...notes.map(newItem).reverse())
  element('login').reset()
  swap('outside', 'inside')
  wasInside = true
}

function swap(from, to) {
  const hadFocus = element(from).contains(document.activeElement)
  element(from).hidden = true
  element(to).hidden = false
  // A hidden element loses the focus, and a keyboard user would start again at the top of the page.
  if (hadFocus) element(to).querySelector('input').focus()
}

function newItem({ from, text, time }) {
  const item = document.createElement('li')
  const sender = document.createElement('b')
  sender.textContent = from
  const words = document.createElement('span')
  words.className = 'text'
  words.textContent = text
  const when = document.createElement('time')
  when.className = 'quiet'
  when.dateTime = time
  when.textContent = clock.format(new Date(time))
  item.append(sender, words, when)
  return item
}

start()
