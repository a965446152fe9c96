import { showState } from './show-state.js'

const element = (id) => document.getElementById(id)
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} KB`

// The whole table each time: nothing is merged, so nothing can be wrong after an interruption.
const tables = new EventSource('table')
tables.addEventListener('table', ({ data }) => {
  element('rows').innerHTML = data
})
tables.addEventListener('open', () => showState('open'))
tables.addEventListener('error', () => showState('reconnecting'))

const costs = new EventSource('costs')
costs.addEventListener('bytes', ({ data }) => {
  const { sent, plain, pages } = JSON.parse(data)
  element('pages').textContent = pages
  element('sent').textContent = kilobytes(sent)
  element('plain').textContent = kilobytes(plain)
  element('saved').textContent = plain > 0 ? `${(100 - (100 * sent) / plain).toFixed(1)} %` : '–'
})
