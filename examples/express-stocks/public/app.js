import { Chart, dashes } from './chart.js'
import { showState } from './show-state.js'

const retryAfter = 1000
const money = new Intl.NumberFormat(undefined, { style: 'currency', currency: 'EUR' })
const percent = new Intl.NumberFormat(undefined, {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
  signDisplay: 'always',
})

const element = (id) => document.getElementById(id)

const stocks = new Map()
let chosen = new URLSearchParams(location.search).get('symbols')?.split(',') ?? ['ACME', 'BOLT', 'CORK']
let chart
let source
let retryTimer
let loading = 0

async function load() {
  const turn = ++loading
  const response = await fetch('stocks')
  if (!response.ok) throw new Error(`HTTP ${response.status}`)
  const { cursor, stocks: list } = await response.json()
  // The user has made another choice in the meantime.
  if (turn !== loading) return
  if (chart === undefined) build(list)
  chart.clear()
  for (const { symbol, prices } of list) {
    for (const [time, cents] of prices) onPrice({ symbol, time, cents })
  }
  for (const symbol of stocks.keys()) showChoice(symbol)
  if (chosen.length === 0) showState('nothing chosen')
  else open(cursor)
}

/** Other symbols need another stream. */
function start() {
  clearTimeout(retryTimer)
  source?.close()
  load().catch(() => {
    showState('reconnecting')
    retryTimer = setTimeout(start, retryAfter)
  })
}

function open(after) {
  source = new EventSource(`prices?${new URLSearchParams({ symbols: chosen, after })}`)
  source.onopen = () => showState('open')
  source.onerror = () => {
    showState('reconnecting')
    // A browser reconnects by itself, but stops permanently after any status other than 200, such as a proxy's 502.
    if (source.readyState === EventSource.CLOSED) retryTimer = setTimeout(start, retryAfter)
  }
  source.addEventListener('price', (event) => onPrice(JSON.parse(event.data)))
  source.addEventListener('gap', (event) => {
    // Prices may be missing: the server was restarted, or this page was offline for too long.
    source.close()
    retryTimer = setTimeout(start, JSON.parse(event.data).delay)
  })
}

function onPrice({ symbol, time, cents }) {
  const { opened, row } = stocks.get(symbol)
  const change = (cents / opened - 1) * 100
  chart.add(symbol, time / 1000, change)
  row.querySelector('.price').textContent = money.format(cents / 100)
  row.querySelector('.change').textContent = `${change < 0 ? '▼' : '▲'} ${percent.format(change)} %`
  row.querySelector('.change').classList.toggle('down', change < 0)
}

function build(list) {
  for (const [index, { symbol, name, opened }] of list.entries()) {
    const row = element('stock').content.firstElementChild.cloneNode(true)
    row.style.setProperty('--color', `var(--line-${index + 1})`)
    row.querySelector('line').setAttribute('stroke-dasharray', dashes[index])
    row.querySelector('.symbol').textContent = symbol
    row.querySelector('.name').textContent = name
    row.querySelector('input').value = symbol
    row.querySelector('input').onchange = choose
    element('stocks').append(row)
    stocks.set(symbol, { opened, row })
  }
  chosen = chosen.filter((symbol) => stocks.has(symbol))
  const colorOf = (symbol) => getComputedStyle(stocks.get(symbol).row.querySelector('line')).stroke
  chart = new Chart(element('chart'), [...stocks.keys()], colorOf)
}

function choose() {
  chosen = [...document.querySelectorAll('input:checked')].map((input) => input.value)
  history.replaceState(null, '', `?${new URLSearchParams({ symbols: chosen })}`)
  start()
}

function showChoice(symbol) {
  const { row } = stocks.get(symbol)
  const visible = chosen.includes(symbol)
  row.querySelector('input').checked = visible
  row.classList.toggle('chosen', visible)
  chart.show(symbol, visible)
}

start()
