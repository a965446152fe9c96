import { connect } from './client.js'
import { showState as showConnection } from './show-state.js'

const maxResponses = 10
const maxReadings = 30
const reasons = {
  streaming: 'One response that does not end: each reading arrives when it is taken.',
  polling:
    'Something on this way holds responses back until they end. So the client asks for short ones: each has what is new since the last event ID, then ends.',
  reconnecting: 'The server cannot be reached. The client tries again.',
}

const element = (id) => document.getElementById(id)

/** Of the newest reading. */
let lastNumber
const counts = { received: 0, missing: 0, repeated: 0, count: 0 }

// When nothing has arrived after 3 s, the client requests short responses, from the same URL and after the same event.
const source = connect('events', { openTimeout: 3000 })

// The newest reading: for a new page, and for one that may have missed some.
source.on('snapshot', ({ weather }) => {
  lastNumber = weather.number
  showReading(weather)
})
source.on('reading', (reading) => {
  showReading(reading)
  addReading(reading.number)
})
source.on('response', ({ isPoll }) => {
  addResponse()
  showState(isPoll ? 'polling' : 'streaming')
})
source.onState((state) => {
  if (state === 'waiting') showState('reconnecting')
})

function showReading({ wind, air, waves }) {
  element('wind').textContent = wind.toFixed(0)
  element('air').textContent = air.toFixed(1)
  element('waves').textContent = waves.toFixed(1)
}

function addReading(number) {
  const expected = lastNumber + 1
  counts.received++
  counts.missing += Math.max(0, number - expected)
  if (number < expected) counts.repeated++
  lastNumber = Math.max(number, lastNumber)
  showCounts()
  const item = document.createElement('li')
  item.textContent = number
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

function showCounts() {
  for (const [name, count] of Object.entries(counts)) element(name).textContent = count
}

function showState(state) {
  showConnection(state)
  // A screen reader would speak the same text again at each response.
  if (element('why').textContent !== reasons[state]) element('why').textContent = reasons[state]
}

element(location.pathname.startsWith('/buffered/') ? 'buffered' : 'direct').ariaCurrent = 'page'
