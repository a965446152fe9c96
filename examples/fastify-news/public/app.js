import { connect } from './client.js'
import { showState } from './show-state.js'

const offlineSeconds = 10
const maxHeadlines = 200
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' })

const element = (id) => document.getElementById(id)
const { cursor } = document.body.dataset
/** Identifies the connection that all tabs share. */
const key = localStorage.getItem('key') ?? document.body.dataset.key
localStorage.setItem('key', key)

let source
let offlineTimer
/** The number of the newest headline in the list. Undefined if any number may come next. */
let lastNumber
const counts = { received: 0, missing: 0, repeated: 0 }

function open(after) {
  // One connection for all tabs: a browser opens at most six to a server, and the seventh tab would wait forever.
  source = connect(`events?${new URLSearchParams({ key })}`, { after, share: true })
  source.on('headline', add)
  source.on('gap', onGap)
  for (const name of ['headline', 'gap', 'bookmark']) source.on(name, showLastEventId)
  source.onState(onState)
}

function onState(state) {
  const before = document.body.dataset.state
  if (state === 'open') {
    if (before !== 'connecting') mark(`Back after #${lastNumber}`, 'back')
    showState('open')
  } else if (before === 'open') showState('reconnecting')
}

function showLastEventId() {
  element('last-event-id').textContent = source.lastEventId
}

function add({ number, text, time }) {
  check(number)
  const item = element('headline').content.firstElementChild.cloneNode(true)
  item.dataset.number = number
  item.querySelector('.number').textContent = `#${number}`
  item.querySelector('.text').textContent = text
  item.querySelector('time').dateTime = time
  showTime(item)
  prepend(item)
}

/** Counts the headline, and marks those that are missing before it. */
function check(number) {
  const expected = lastNumber === undefined ? number : lastNumber + 1
  if (number > expected) mark(`${number - expected} missing`, 'hole')
  if (number < expected) mark(`#${number} came again`, 'hole')
  counts.received++
  counts.missing += Math.max(0, number - expected)
  if (number < expected) counts.repeated++
  lastNumber = Math.max(number, expected)
  showCounts()
}

/** News may be missing, for example after a restart of the server: reload the page, which contains the list. */
function onGap({ reason, delay }) {
  lastNumber = undefined
  mark(`News may be missing here (${reason}): the page loads again`, 'hole')
  source.close()
  // All pages get a gap at the same time; the random delay keeps them from loading at the same time.
  setTimeout(() => location.reload(), delay)
}

function mark(text, kind) {
  const item = document.createElement('li')
  item.className = `mark ${kind}`
  item.textContent = text
  prepend(item)
}

function prepend(item) {
  const list = element('headlines')
  list.prepend(item)
  while (list.children.length > maxHeadlines) list.lastElementChild.remove()
}

function showCounts() {
  for (const [name, count] of Object.entries(counts)) element(name).textContent = count
  element('missing').classList.toggle('bad', counts.missing > 0)
  element('repeated').classList.toggle('bad', counts.repeated > 0)
}

function showTime(item) {
  const time = item.querySelector('time')
  time.textContent = clock.format(new Date(time.dateTime))
}

function goOffline() {
  showState('offline')
  source.close()
  let left = offlineSeconds
  const tick = () => {
    if (left === 0) return goOnline()
    element('offline').textContent = `Go online (${left--} s)`
  }
  tick()
  offlineTimer = setInterval(tick, 1000)
}

function goOnline() {
  clearInterval(offlineTimer)
  element('offline').textContent = `Go offline for ${offlineSeconds} s`
  showState('reconnecting')
  open(source.lastEventId)
}

element('offline').onclick = () => {
  if (document.body.dataset.state === 'offline') goOnline()
  else goOffline()
}
element('cut').onclick = () => {
  fetch('cut', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ key }),
  }).catch(() => {
    // There is no connection to cut.
  })
}
element('reload').onclick = () => location.reload()

// The page was rendered with the newest headline first.
for (const item of [...element('headlines').children].reverse()) {
  check(Number(item.dataset.number))
  showTime(item)
}
showCounts()
open(cursor)
