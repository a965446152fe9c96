import { showState } from './show-state.js'

const retryAfter = 1000
const maxLength = 12
const rates = [1, 2, 3, 5, 10]
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium', hourCycle: 'h23' })

const element = (id) => document.getElementById(id)

let rate = 2
let source
let retryTimer
let lastEventId = ''
/** The retry of the server, and when the connection was lost. */
let asked
let goneAt

function open() {
  source = new EventSource(`jokes?${new URLSearchParams({ every: rates[rate], last: lastEventId })}`)
  source.onopen = () => {
    if (goneAt !== undefined) showBack(performance.now() - goneAt)
    asked = goneAt = undefined
    showState('open')
  }
  source.onerror = () => {
    // It is dispatched again after each failed attempt.
    if (goneAt === undefined) showGone()
    showState('reconnecting')
    // A browser reconnects by itself, but stops permanently after any status other than 200, such as a proxy's 502.
    if (source.readyState === EventSource.CLOSED) retryTimer = setTimeout(open, retryAfter)
  }
  source.addEventListener('joke', (event) => {
    lastEventId = event.lastEventId
    element('joke').textContent = event.data
  })
  source.addEventListener('closing', (event) => {
    asked = JSON.parse(event.data).retry
  })
}

/** The rate is in the URL, so another rate needs another connection. */
function changeRate(by) {
  const next = rate + by
  if (rates[next] === undefined) return
  rate = next
  showRate()
  clearTimeout(retryTimer)
  source.close()
  asked = goneAt = undefined
  element('wait').replaceChildren()
  log(`Opened again, for a joke every ${rates[rate]} s`)
  showState('connecting')
  open()
}

// Display

function showGone() {
  goneAt = performance.now()
  if (asked === undefined) return log('The connection was lost', 'lost')
  log(`Closed by the server, which set a retry of ${asked} ms`)
  const bar = document.createElement('div')
  bar.style.animationDuration = `${asked}ms`
  element('wait').replaceChildren(bar)
}

function showBack(after) {
  element('wait').replaceChildren()
  const ms = Math.round(after)
  if (asked === undefined) log(`Back after ${ms} ms`)
  else
    log(
      `Back after ${ms} ms: ${Math.abs(ms - asked)} ms ${ms < asked ? 'earlier' : 'later'} than asked`,
      'back',
    )
}

function showRate() {
  element('rate').textContent = `A joke every ${rates[rate]} s`
  // A disabled button loses the focus, and a keyboard user would start again at the top of the page.
  element('faster').ariaDisabled = String(rate === 0)
  element('slower').ariaDisabled = String(rate === rates.length - 1)
}

function log(text, kind = '') {
  const time = document.createElement('time')
  time.textContent = clock.format(new Date())
  const words = document.createElement('span')
  words.textContent = text
  const item = document.createElement('li')
  item.className = kind
  item.append(time, words)
  element('log').prepend(item)
  while (element('log').children.length > maxLength) element('log').lastElementChild.remove()
}

element('slower').onclick = () => changeRate(1)
element('faster').onclick = () => changeRate(-1)

showRate()
open()
