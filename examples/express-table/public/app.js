import { showState } from './show-state.js'

const element = (id) => document.getElementById(id)

/** The rows, by id. */
let rows = new Map()

// EventSource is enough: with snapshots, a page only replaces its state and applies changes.
const source = new EventSource('table')

source.addEventListener('snapshot', (event) => {
  rows = new Map(JSON.parse(event.data).table.map((row) => [row.id, row]))
  element('snapshots').textContent = Number(element('snapshots').textContent) + 1
  render()
})

source.addEventListener('row', (event) => {
  const row = JSON.parse(event.data)
  rows.set(row.id, row)
  element('changes').textContent = Number(element('changes').textContent) + 1
  render()
})

source.onopen = () => showState('open')
source.onerror = () => showState(source.readyState === EventSource.CLOSED ? 'closed' : 'reconnecting')

/** Sends a change. The page shows it only when it arrives over the stream, like all other pages. */
async function change(id, by) {
  const response = await fetch(`rows/${id}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ by }),
  }).catch(() => undefined)
  element('problem').textContent = response?.ok ? '' : 'Not saved. Is the server running?'
}

function render() {
  for (const row of rows.values()) {
    const line = element(`row-${row.id}`) ?? addLine(row)
    line.querySelector('.name').textContent = row.name
    line.querySelector('.count').textContent = row.count
  }
  const known = [...rows.keys()].map((id) => `row-${id}`)
  for (const line of [...element('rows').children]) if (!known.includes(line.id)) line.remove()
}

function addLine({ id, name }) {
  const line = element('line').content.cloneNode(true).firstElementChild
  line.id = `row-${id}`
  for (const button of line.querySelectorAll('button')) {
    button.ariaLabel = `${button.textContent} ${name}`
    button.onclick = () => change(id, Number(button.value))
  }
  element('rows').append(line)
  return line
}
