import { connect } from './client.js'
import { showState as showConnection } from './show-state.js'

const retryAfter = 1000
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' })
const calendar = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

const element = (id) => document.getElementById(id)
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Items of the list by id: a message may arrive with the page, as an event and by fetch() after a gap, and is shown once. */
const shown = new Map()
/** Items of this page's own messages by key, until the server has them. */
const unsent = new Map()
let sending = Promise.resolve()
let connection = 'connecting'
let refreshes = 0

// Incoming

function open() {
  // One connection for all tabs: a browser opens at most six to a server, and the seventh tab would wait forever.
  const source = connect('events', { after: document.body.dataset.cursor, share: true })
  source.on('message', (message) => keepScrolled(() => add(message)))
  source.on('gap', ({ delay }) => refresh(delay))
  source.onState((state) => {
    if (state === 'open') showState('open')
    else if (connection !== 'connecting') showState('reconnecting')
  })
}

/** Messages may be missing here: the server was restarted, or this page was offline for too long. */
async function refresh(delay) {
  refreshes++
  showState()
  await sleep(delay)
  const messages = (await request('messages')).body
  refreshes--
  showState()
  keepScrolled(() => {
    for (const message of messages) add(message)
    // Messages may be missing between the older items and the history.
    for (const id of shown.keys()) if (id < messages[0]?.id) remove(id)
  })
}

function add({ id, key, name, text, time }) {
  unsent.get(key)?.remove()
  unsent.delete(key)
  if (shown.has(id)) return
  const item = newItem(name, text, time)
  item.dataset.id = id
  shown.set(id, item)
  let previous = element('messages').lastElementChild
  while (previous && Number(previous.dataset.id) > id) previous = previous.previousElementSibling
  if (previous) previous.after(item)
  else element('messages').prepend(item)
}

function remove(id) {
  shown.get(id).remove()
  shown.delete(id)
}

// Outgoing

function send(name, text) {
  const key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16)).join('-')
  const item = newItem(name, text)
  unsent.set(key, item)
  element('outbox').append(item)
  scrollDown()
  // One after another, so that they arrive in the order in which they were written.
  sending = sending.then(() => post({ key, name, text }))
}

async function post(message) {
  const { ok, body } = await request('messages', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(message),
  })
  if (ok) return keepScrolled(() => add(body))
  unsent.get(message.key).remove()
  unsent.delete(message.key)
  element('problem').textContent = body.error
}

/** Repeats the request until there is a response. If the server already has the message, it recognizes the key. */
async function request(url, init) {
  for (;;) {
    try {
      const response = await fetch(url, { ...init, signal: AbortSignal.timeout(10_000) })
      const body = await response.json()
      if (response.status < 500) return { ok: response.ok, body }
    } catch {
      // No connection, or a response that is not from this server.
    }
    await sleep(retryAfter)
  }
}

// Display

function newItem(name, text, time) {
  const item = element('message').content.firstElementChild.cloneNode(true)
  item.querySelector('.name').textContent = name
  item.querySelector('.text').textContent = text
  item.querySelector('time').dateTime = time ?? ''
  finish(item)
  return item
}

/** Adds what the server does not know: the name and time zone of the reader. */
function finish(item) {
  const name = item.querySelector('.name').textContent
  item.classList.toggle('own', name === element('name').value.trim())
  item.style.setProperty(
    '--hue',
    [...name].reduce((hue, letter) => (hue * 31 + letter.codePointAt(0) * 137) % 360, 0),
  )
  const time = item.querySelector('time')
  if (time.dateTime === '') return
  const date = new Date(time.dateTime)
  const today = date.toDateString() === new Date().toDateString()
  time.textContent = (today ? clock : calendar).format(date)
}

function showState(state = connection) {
  connection = state
  const text = state === 'open' && refreshes > 0 ? 'catching up' : state
  showConnection(text)
}

/** Keeps the newest message in view. A reader who has scrolled up stays there and sees a button to the newest. */
function keepScrolled(change) {
  const atEnd = isAtEnd()
  change()
  if (atEnd) scrollDown()
  else element('newest').hidden = false
}

function isAtEnd() {
  const { scrollHeight, scrollTop, clientHeight } = element('log')
  return scrollHeight - scrollTop - clientHeight < 40
}

function scrollDown() {
  element('log').scrollTop = element('log').scrollHeight
}

element('log').onscroll = () => {
  if (isAtEnd()) element('newest').hidden = true
}
element('newest').onclick = () => {
  scrollDown()
  element('text').focus()
}
element('name').onchange = () => {
  localStorage.setItem('name', element('name').value.trim())
  for (const item of shown.values()) finish(item)
}
element('form').onsubmit = (event) => {
  event.preventDefault()
  element('problem').textContent = ''
  send(element('name').value.trim(), element('text').value)
  element('text').value = ''
  element('text').focus()
}

element('name').value = localStorage.getItem('name') ?? ''
for (const item of element('messages').children) {
  shown.set(Number(item.dataset.id), item)
  finish(item)
}
scrollDown()
element(element('name').value === '' ? 'name' : 'text').focus()
open()
