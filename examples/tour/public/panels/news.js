import { element, fromTemplate, showText } from '../element.js'
import { request } from '../request.js'
import { StreamConnection } from '../stream-connection.js'

const offlineSeconds = 10
const maxHeadlines = 60
const offlineButton = element('news-offline')
const list = element('headlines')
const words = { open: 'live', reconnecting: 'connection lost, trying again' }
// Known only to this page, so no page can cut the connection of another.
const key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16)).join('-')

const stream = new StreamConnection('news', {
  path: 'news',
  parameters: () => ({ key }),
  events: { headline: (headline, { id }) => add(headline, id), gap: onGap },
  onState,
})
const counts = { received: 0, missing: 0, repeated: 0 }
/** The number of the newest headline in the list. Undefined if any number may come next. */
let last
let away = false
let seen = false
let offlineTimer

/** The stream is open while any part of the panel is visible, so that its buttons always have a visible effect. */
export function startNews({ news, cursor }) {
  for (const headline of news) add(headline, 'loaded with the page')
  stream.lastEventId = cursor
  new IntersectionObserver(([entry]) => {
    seen = entry.isIntersecting
    if (offlineTimer) return
    if (seen) stream.start()
    else stream.stop()
  }).observe(list.closest('.panel'))
}

function add({ number, text }, id) {
  check(number)
  prepend(fromTemplate('headline', { number: `#${number}`, text, id }))
}

/** Counts the headline, and marks those that are missing before it. */
function check(number) {
  const expected = last === undefined ? number : last + 1
  if (away) mark(`Back: resumed after #${last}`, 'back')
  away = false
  if (number > expected) mark(`${number - expected} missing`, 'hole')
  if (number < expected) mark(`#${number} came again`, 'hole')
  counts.received++
  counts.missing += Math.max(0, number - expected)
  if (number < expected) counts.repeated++
  last = Math.max(number, expected)
  for (const [name, count] of Object.entries(counts)) element(`news-${name}`).textContent = count
}

/** The server does not know what is missing. A real app would fetch its list again; this page shows where it happened. */
function onGap({ reason }) {
  last = undefined
  away = false
  mark(`News may be missing here (gap: ${reason})`, 'hole')
}

function mark(text, kind) {
  const item = document.createElement('li')
  item.className = `mark ${kind}`
  item.textContent = text
  prepend(item)
}

function prepend(item) {
  list.prepend(item)
  while (list.children.length > maxHeadlines) list.lastElementChild.remove()
}

function onState(state) {
  if (state !== 'open' && state !== 'connecting') away = true
  showText('news-state', offlineTimer ? 'offline' : (words[state] ?? state))
  element('news-state').dataset.state = state
}

function goOffline() {
  let left = offlineSeconds
  const tick = () => {
    if (left === 0) return goOnline()
    offlineButton.textContent = `Go online (${left--} s)`
  }
  offlineTimer = setInterval(tick, 1000)
  tick()
  stream.stop()
}

function goOnline() {
  clearInterval(offlineTimer)
  offlineTimer = undefined
  offlineButton.textContent = `Go offline for ${offlineSeconds} s`
  if (seen) stream.start()
}

offlineButton.onclick = () => (offlineTimer ? goOnline() : goOffline())
element('news-cut').onclick = () => request('POST', 'cut', { key })
