import { showState as showConnection } from './show-state.js'

const retryAfter = 1000

const element = (id) => document.getElementById(id)
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const randomId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  )

// With the chat in its address, the page finds it again after a reload, and so does another window.
const chat = new URLSearchParams(location.search).get('chat') ?? randomId()
history.replaceState(null, '', `?${new URLSearchParams({ chat })}`)
element('window').href = location.href

/** Messages by id, each with its element and, while its answer is generated, the stream of the answer. */
const shown = new Map()
let connection = 'connecting'

// Incoming

/** Loads all messages, then follows the questions that are asked in this window or another. */
async function load() {
  const { cursor, messages } = await (await request(`chats/${chat}`)).json()
  for (const message of messages) show(message)
  const source = new EventSource(`chats/${chat}/events?${new URLSearchParams({ after: cursor })}`)
  source.onopen = () => showState('open')
  source.addEventListener('asked', (event) => show(JSON.parse(event.data)))
  const again = (delay) => {
    source.close()
    setTimeout(load, delay)
  }
  // This page was offline for longer than the hub remembers.
  source.addEventListener('gap', (event) => again(JSON.parse(event.data).delay))
  source.onerror = () => {
    showState('reconnecting')
    // A browser reconnects by itself, but stops permanently after any status other than 200, such as a proxy's 502.
    if (source.readyState === EventSource.CLOSED) again(retryAfter)
  }
}

function show(message) {
  const before = shown.get(message.id)
  // It is already being shown, or it is complete and nothing has changed.
  if (before?.source !== undefined) return
  if (before !== undefined && message.answer !== undefined) return
  before?.article.remove()
  const article = element('message').content.firstElementChild.cloneNode(true)
  article.querySelector('h2').textContent = message.prompt
  article.querySelector('.again').onclick = () => ask(message, true)
  const entry = { article, source: undefined }
  shown.set(message.id, entry)
  element('log').append(article)
  scrollDown()
  if (message.answer !== undefined) setText(entry, message.answer)
  else if (message.run === 'unknown') showEnd(entry, 'lost')
  else follow(message, entry)
}

/** Follows an answer from its beginning. After a lost connection the browser reconnects by itself and resumes after the last event. */
function follow(message, entry) {
  setText(entry, '')
  // A screen reader reads it when it is complete, not each word as it arrives.
  entry.article.ariaBusy = 'true'
  entry.source = new EventSource(`chats/${chat}/${message.id}/answer`)
  entry.source.addEventListener('token', (event) =>
    keepScrolled(() => entry.article.querySelector('.text').append(event.data)),
  )
  // The answer starts again.
  entry.source.addEventListener('gap', () => setText(entry, ''))
  entry.source.addEventListener('end', (event) => showEnd(entry, JSON.parse(event.data).status))
  entry.source.onerror = async () => {
    if (entry.source?.readyState !== EventSource.CLOSED) return
    await sleep(retryAfter)
    const { messages } = await (await request(`chats/${chat}`)).json()
    entry.source = undefined
    show(messages.find(({ id }) => id === message.id) ?? { ...message, run: 'unknown' })
  }
  showState()
}

function showEnd(entry, status) {
  // Otherwise the browser would treat the end of the stream as a lost connection and reconnect forever.
  entry.source?.close()
  entry.source = undefined
  entry.article.ariaBusy = 'false'
  keepScrolled(() => {
    entry.article.querySelector('.end').textContent = status === 'done' ? '' : status
    entry.article.querySelector('.again').hidden = status === 'done'
  })
  showState()
}

// Outgoing

async function ask(message, again) {
  const before = shown.get(message.id)
  await request(`chats/${chat}/${message.id}`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ prompt: message.prompt, again }),
  })
  // Unless it has already arrived from the hub.
  if (shown.get(message.id) === before) show({ ...message })
}

/** Repeats the request until there is a response. A repeated request starts nothing again. */
async function request(url, init) {
  for (;;) {
    try {
      const response = await fetch(url, { ...init, signal: AbortSignal.timeout(10_000) })
      if (response.status < 500) return response
    } catch {
      // No connection, or a response that is not from this server.
    }
    await sleep(retryAfter)
  }
}

element('form').onsubmit = (event) => {
  event.preventDefault()
  ask({ id: randomId(), prompt: element('prompt').value.trim() }, false)
  element('prompt').value = ''
}
element('stop').onclick = () => {
  for (const [id, { source }] of shown)
    if (source) request(`chats/${chat}/${id}/answer`, { method: 'DELETE' })
}

// Display

function setText({ article }, text) {
  keepScrolled(() => {
    article.querySelector('.text').textContent = text
  })
}

function showState(state = connection) {
  connection = state
  const answering = [...shown.values()].some(({ source }) => source)
  const text = state === 'open' && answering ? 'answering' : state
  showConnection(text)
  // A disabled button loses the focus, and a keyboard user would start again at the top of the page.
  element('stop').ariaDisabled = String(!answering)
}

/** Scrolls to the newest message only if the reader was already there. */
function keepScrolled(change) {
  const { scrollHeight, scrollTop, clientHeight } = element('log')
  const atEnd = scrollHeight - scrollTop - clientHeight < 40
  change()
  if (atEnd) scrollDown()
}

function scrollDown() {
  element('log').scrollTop = element('log').scrollHeight
}

load()
element('prompt').focus()
