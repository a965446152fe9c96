import { showState } from './show-state.js'

const retryAfter = 1000
const maxItems = 200

const element = (id) => document.getElementById(id)
const copyOf = (template) => element(template).content.firstElementChild.cloneNode(true)
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

let source
let lastEventId
/** The process that serves this page. */
let server
/** The numbering and number of the newest news. Undefined if any number may come next. */
let last
const counts = { received: 0, missing: 0, repeated: 0, gaps: 0, moves: 0 }
/** Of the events in the list. */
const ids = []
/** Of the lines that were shown, and of those that were written here. */
const keys = new Set()
const ownKeys = new Set()

async function start() {
  // The events start exactly where the loaded list ends.
  lastEventId = await loadProcesses()
  if (lastEventId === undefined) setTimeout(start, retryAfter)
  else open()
}

/** Returns the cursor of the list; undefined without a response. */
async function loadProcesses() {
  const response = await fetch('processes', { cache: 'no-store' }).catch(() => undefined)
  if (!response?.ok) return undefined
  const { cursor, processes } = await response.json()
  showProcesses(processes)
  return cursor
}

function open() {
  source = new EventSource(`events?${new URLSearchParams({ after: lastEventId })}`)
  source.onerror = () => {
    showServer()
    showState('reconnecting')
    loadProcesses()
    // A browser reconnects by itself, but stops permanently after any status other than 200.
    if (source.readyState === EventSource.CLOSED) setTimeout(open, retryAfter)
  }
  // Not at "open": while no process runs, nginx answers the request itself.
  source.addEventListener('process', ({ data }) => onServer(data))
  source.addEventListener('news', (event) => onNews(event, JSON.parse(event.data)))
  source.addEventListener('line', (event) => onLine(event, JSON.parse(event.data)))
  source.addEventListener('processes', (event) => onProcesses(event, JSON.parse(event.data)))
  source.addEventListener('gap', ({ data }) => onGap(JSON.parse(data)))
  for (const type of ['news', 'line', 'processes', 'gap', 'bookmark']) {
    source.addEventListener(type, (event) => {
      lastEventId = event.lastEventId
      element('last-event-id').textContent = lastEventId
    })
  }
}

function onServer(name) {
  if (server !== undefined && server !== name) counts.moves++
  if (server !== undefined) mark(server === name ? `Back on ${name}` : `Moved from ${server} to ${name}`)
  server = name
  showServer(name)
  showState('open')
  showCounts()
}

/** Without a name: no process at the moment. */
function showServer(name = '') {
  document.body.dataset.server = name
  speak('served', name === '' ? 'Waiting for a process' : `Served by ${name}`)
  for (const item of element('processes').children) item.ariaCurrent = item.dataset.name === name
}

function onNews(event, news) {
  const { run, number, confirmed, text } = news
  const before = last === undefined ? number - 1 : last.run === run ? last.number : 0
  // An event that Redis has not confirmed may be missing: the server promised nothing about it.
  const missing = Math.max(0, confirmed - before)
  if (missing > 0) mark(`${missing} missing`, 'bad')
  counts.missing += missing
  count(event, number <= before)
  last = { run, number: Math.max(number, before) }
  add({ label: `#${number}`, text, id: event.lastEventId })
}

function onLine(event, { key, text, via }) {
  count(event)
  // Its sender had no response and has sent it again: that is not a repeated event.
  if (keys.has(key)) return
  keys.add(key)
  add({ label: ownKeys.has(key) ? 'You' : 'Page', text, id: `${event.lastEventId}\nby ${via}` })
}

function onProcesses(event, processes) {
  count(event)
  showProcesses(processes)
}

/** The server does not know what is missing. A real app would fetch the state again; this page shows where it happened. */
function onGap({ reason }) {
  last = undefined
  counts.gaps++
  mark(`Events may be missing here (${reason})`, 'bad')
  showCounts()
}

function count({ type, lastEventId: id }, again = false) {
  counts.received++
  if (again || ids.includes(id)) {
    counts.repeated++
    mark(`An event came again (${type})`, 'bad')
  }
  ids.push(id)
  if (ids.length > 2 * maxItems) ids.splice(0, maxItems)
  showCounts()
}

function add({ label, text, id }) {
  const item = copyOf('event')
  item.dataset.server = server
  item.querySelector('.label').textContent = label
  item.querySelector('.text').textContent = text
  item.querySelector('.id').textContent = id
  prepend(item)
}

function mark(text, kind = '') {
  const item = document.createElement('li')
  item.className = `mark ${kind}`
  item.textContent = text
  prepend(item)
}

function prepend(item) {
  const list = element('events')
  list.prepend(item)
  while (list.children.length > maxItems) list.lastElementChild.remove()
}

function showProcesses(processes) {
  const list = element('processes')
  for (const { name, state, pid } of processes) {
    let item = list.querySelector(`[data-name="${name}"]`)
    if (item === null) {
      item = copyOf('process')
      item.dataset.name = item.dataset.server = name
      item.querySelector('.name').textContent = name
      const button = item.querySelector('button')
      button.ariaLabel = `Kill ${name}`
      button.onclick = () => button.ariaDisabled === 'false' && ask(`processes/${name}`)
      list.append(item)
    }
    item.dataset.state = state
    item.querySelector('.condition').textContent = state === 'up' ? `up, pid ${pid}` : state
    // A disabled button would lose the keyboard focus.
    item.querySelector('button').ariaDisabled = state !== 'up'
  }
}

function ask(url) {
  fetch(url, { method: 'DELETE' }).catch(() => {
    // The button is still there.
  })
}

/** Changes the text only if it differs: otherwise a screen reader would repeat it at each failed attempt. */
function speak(id, text) {
  if (element(id).textContent !== text) element(id).textContent = text
}

function showCounts() {
  for (const [name, count] of Object.entries(counts)) element(name).textContent = count
  for (const name of ['missing', 'repeated', 'gaps']) element(name).classList.toggle('bad', counts[name] > 0)
}

/** Sends a line until there is a response. A line that was stored although its response was lost is recognized by its key. */
async function send(text) {
  const key = crypto.randomUUID()
  ownKeys.add(key)
  const request = {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ key, text }),
  }
  for (;;) {
    const response = await fetch('chat', request).catch(() => undefined)
    if (response?.ok) return
    if (response?.status === 400) throw new Error('This line was refused.')
    await sleep(retryAfter)
  }
}

let waiting = 0
let sent = Promise.resolve()

function showOutbox(problem = '') {
  element('outbox').textContent = problem || (waiting > 0 ? `${waiting} on the way` : '')
}

element('form').onsubmit = (event) => {
  event.preventDefault()
  const input = element('text')
  const text = input.value
  input.value = ''
  waiting++
  showOutbox()
  // One after another, in the order in which they were written.
  sent = sent
    .then(() => send(text))
    .then(
      () => '',
      (error) => error.message,
    )
    .then((problem) => {
      waiting--
      showOutbox(problem)
    })
}
element('restart').onclick = () => ask('processes')

start()
