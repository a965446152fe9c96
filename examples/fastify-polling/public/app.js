import { showState as showConnection } from './show-state.js'

/** How long to wait for the first event before assuming that streaming does not work. */
const patience = 3000
const retryAfter = 1000
const maxResponses = 10
const maxReadings = 30

const reasons = {
  connecting: 'The page is waiting for a first event.',
  streaming: 'One response that does not end: each reading arrives when it is taken.',
  polling: `Nothing came for ${patience / 1000} s, so something on this way holds responses back until they end. The page asks for short ones: each has what is new since the last event ID, then ends.`,
  reconnecting: 'The server cannot be reached. The browser tries again.',
}

const element = (id) => document.getElementById(id)

/** `streaming` until the page knows that it does not work. */
let way = 'streaming'
let source
let timer
let lastEventId
/** The number of the newest reading. Undefined if any number may come next. */
let lastNumber
/** Attempts that have failed since the last response. */
let failures = 0
const counts = { received: 0, missing: 0, repeated: 0, count: 0 }

/** Loads the current readings, then listens for new ones. */
async function start() {
  try {
    const response = await fetch('newest')
    if (!response.ok) throw new Error(`HTTP ${response.status}`)
    const { cursor, reading } = await response.json()
    lastEventId = cursor
    lastNumber = reading.number
    showReading(reading)
  } catch {
    timer = setTimeout(start, retryAfter)
    return
  }
  open()
  if (way === 'streaming') timer = setTimeout(fallBack, patience)
}

function fallBack() {
  way = 'polling'
  source.close()
  showState('polling')
  open()
}

function open() {
  const query = new URLSearchParams({ after: lastEventId })
  if (way === 'polling') query.set('wait', '20')
  source = new EventSource(`events?${query}`)
  source.onopen = () => {
    failures = 0
    addResponse()
    if (way === 'polling') showState(way)
  }
  source.onerror = () => {
    // Each short response ends with one error. A second one in a row means that there was no response.
    if (++failures > 1 || way === 'streaming') showState('reconnecting')
    // A browser reconnects by itself, but stops permanently after any status other than 200, such as a proxy's 502.
    if (source.readyState === EventSource.CLOSED) timer = setTimeout(open, retryAfter)
  }
  // Not at `open`: some proxies forward the headers and buffer the rest.
  source.addEventListener('hello', () => {
    clearTimeout(timer)
    showState(way)
  })
  source.addEventListener('reading', (event) => addReading(JSON.parse(event.data)))
  source.addEventListener('gap', (event) => {
    // Readings are missing, for example after a restart of the server.
    source.close()
    timer = setTimeout(start, JSON.parse(event.data).delay)
  })
  for (const type of ['reading', 'gap', 'bookmark']) {
    source.addEventListener(type, (event) => {
      lastEventId = event.lastEventId
    })
  }
}

function addReading(reading) {
  const expected = lastNumber + 1
  counts.received++
  counts.missing += Math.max(0, reading.number - expected)
  if (reading.number < expected) counts.repeated++
  lastNumber = Math.max(reading.number, lastNumber)
  showCounts()
  showReading(reading)
  const item = document.createElement('li')
  item.textContent = reading.number
  const list = element('responses').querySelector('ol')
  list.append(item)
  if (list.children.length > maxReadings) list.firstElementChild.remove()
}

function addResponse() {
  counts.count++
  showCounts()
  const response = document.createElement('li')
  const list = document.createElement('ol')
  list.ariaLabel = `Response ${counts.count}`
  response.append(list)
  element('responses').prepend(response)
  if (element('responses').children.length > maxResponses) element('responses').lastElementChild.remove()
}

function showReading({ wind, air, waves }) {
  element('wind').textContent = wind.toFixed(0)
  element('air').textContent = air.toFixed(1)
  element('waves').textContent = waves.toFixed(1)
}

function showCounts() {
  for (const [name, count] of Object.entries(counts)) element(name).textContent = count
}

function showState(state) {
  showConnection(state)
  // A screen reader would speak the same text again at each response.
  if (element('why').textContent !== reasons[state]) element('why').textContent = reasons[state]
}

element(location.pathname.startsWith('/buffered/') ? 'buffered' : 'direct').ariaCurrent = 'page'
start()
