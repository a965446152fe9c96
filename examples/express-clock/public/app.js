import { showState } from './show-state.js'

const maxNotifications = 5
const clock = new Intl.DateTimeFormat('en', { timeStyle: 'medium', hourCycle: 'h23' })
const calendar = new Intl.DateTimeFormat('en', { dateStyle: 'full' })

const element = (id) => document.getElementById(id)
const startButton = element('start')
const stopButton = element('stop')

let source
let retryTimer
let lastEventId = ''

function start() {
  // A browser opens at most six connections to a server for all of its tabs, so a hidden tab has none.
  if (document.hidden) return show('paused')
  show('connecting')
  open()
}

function stop() {
  close()
  show('stopped')
}

function open() {
  source = new EventSource(`events?${new URLSearchParams({ lastEventId })}`)
  source.onopen = () => show('open')
  source.onerror = () => {
    show('reconnecting')
    // A browser reconnects by itself, but stops permanently after any status other than 200, such as a proxy's 502.
    if (source.readyState === EventSource.CLOSED) retryTimer = setTimeout(open, 1000)
  }
  source.addEventListener('time', onTime)
  source.addEventListener('notification', onNotification)
  source.addEventListener('status', onStatus)
}

function close() {
  clearTimeout(retryTimer)
  source?.close()
}

function onTime(event) {
  lastEventId = event.lastEventId
  const { time, resumedAfter } = JSON.parse(event.data)
  const date = new Date(time)
  element('time').textContent = clock.format(date)
  element('time').dateTime = time
  element('date').textContent = calendar.format(date)
  element('tick').textContent = `Tick #${event.lastEventId}`
  element('resumed').textContent = resumedAfter === undefined ? '' : `resumed after #${resumedAfter}`
}

function onNotification(event) {
  const text = document.createElement('span')
  text.textContent = event.data
  const number = document.createElement('small')
  number.textContent = `#${event.lastEventId}`
  const item = document.createElement('li')
  item.append(text, ' ', number)
  const list = element('notifications')
  list.prepend(item)
  while (list.children.length > maxNotifications) list.lastChild.remove()
}

function onStatus(event) {
  const { uptimeSeconds, openStreams, memoryBytes } = JSON.parse(event.data)
  element('uptime').textContent = formatDuration(uptimeSeconds)
  element('open-streams').textContent = openStreams
  element('memory').textContent = `${Math.round(memoryBytes / 1_000_000)} MB`
}

function show(state) {
  showState(state)
  startButton.disabled = state !== 'stopped'
  stopButton.disabled = state === 'stopped'
}

function formatDuration(seconds) {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  if (hours > 0) return `${hours} h ${minutes} min`
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`
}

// A disabled button loses the focus, and a keyboard user would start again at the top of the page.
startButton.onclick = () => {
  start()
  stopButton.focus()
}
stopButton.onclick = () => {
  stop()
  startButton.focus()
}
document.onvisibilitychange = () => {
  if (document.body.dataset.state === 'stopped') return
  close()
  start()
}

start()
