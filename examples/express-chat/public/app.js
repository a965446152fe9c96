import { connect } from './client.js'
import { showState as showConnection } from './show-state.js'

const retryAfter = 1000
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' })
const calendar = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

const element = (id) => document.getElementById(id)
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Items of the list by id: a message may come by page, by event, and by fetch() after a gap, and is shown once. */
const shown = new Map()
/** Items of our own messages by key, until the server has them. */
const unsent = new Map()
let sending = Promise.resolve()
let connection = 'connecting'
let refreshes = 0

// What comes in

function open() {
  // One connection for all tabs: a browser opens six to one server, and the seventh tab would wait for ever.
  const source = connect('events', { after: document.body.dataset.cursor, share: true })
  source.on('message', (message) => keepScrolled(() => add(message)))
  source.on('gap', ({ delay }) => refresh(delay))
  source.onState((state) => {
    if (state === 'open') showState('open')
    else if (connection !== 'connecting') showState('reconnecting')
  })
}

/** Messages may be missing here: the server was restarted, or we were away for too long. */
async function refresh(delay) {
  refreshes++
  showState()
  await sleep(delay)
  const messages = (await request('messages')).body
  refreshes--
  showState()
  keepScrolled(() => {
    for (const message of messages) add(message)
    // Between what is older and the history there may be a hole.
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

// What goes out

function send(name, text) {
  const key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16)).join('-')
  const item = newItem(name, text)
  unsent.set(key, item)
  element('outbox').append(item)
  scrollDown()
  // One after the other, so that they arrive in the order in which they were written.
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

/** Asks until there is an answer. The server may have got the message and not the chance to say so: it knows the key. */
async function request(url, init) {
  for (;;) {
    try {
      const response = await fetch(url, { ...init, signal: AbortSignal.timeout(10_000) })
      const body = await response.json()
      if (response.status < 500) return { ok: response.ok, body }
    } catch {
      // No connection, or no answer of ours.
    }
    await sleep(retryAfter)
  }
}

// What is seen

function newItem(name, text, time) {
  const item = element('message').content.firstElementChild.cloneNode(true)
  item.querySelector('.name').textContent = name
  item.querySelector('.text').textContent = text
  item.querySelector('time').dateTime = time ?? ''
  finish(item)
  return item
}

/** What the server cannot know: the reader's name and time zone. */
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
