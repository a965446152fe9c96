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
  source = new EventSource(`events?${new URLSearchParams({ after })}`)
  source.onopen = () => showState('open')
  source.onerror = async () => {
    showState('reconnecting')
    // A browser reconnects by itself, but stops permanently after any status other than 200.
    if (source.readyState === EventSource.CLOSED) setTimeout(start, retryAfter)
    // The user may have logged out in another tab. The next attempt would show that too; this shows it at once.
    else if (await isLoggedOut()) start()
  }
  source.addEventListener('note', (event) => element('notes').prepend(newItem(JSON.parse(event.data))))
  source.addEventListener('gap', (event) => {
    // Notes may be missing: the server was restarted, or this page was offline for too long.
    source.close()
    setTimeout(start, JSON.parse(event.data).delay)
  })
}

function isLoggedOut() {
  return fetch('me')
    .then((response) => response.json())
    .then(
      ({ user }) => user === undefined,
      () => false,
    )
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
