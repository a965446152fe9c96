import { showState } from './show-state.js'

const retryAfter = 1000
const maxLength = 50
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' })

const element = (id) => document.getElementById(id)
const user = new URLSearchParams(location.search).get('user') ?? 'Ada'

/** By number: a notification between the cursor and the list arrives twice. */
const notifications = new Map()
let readUpTo = 0

// Incoming

async function load() {
  const response = await fetch(`inbox/${encodeURIComponent(user)}`)
  const inbox = await response.json()
  if (response.status === 404) return showState(inbox.error)
  notifications.clear()
  for (const notification of inbox.notifications) notifications.set(notification.number, notification)
  readUpTo = inbox.readUpTo
  showUsers(inbox.users)
  show()
  open(inbox.cursor)
}

function start() {
  load().catch(() => {
    showState('reconnecting')
    setTimeout(start, retryAfter)
  })
}

function open(after) {
  const source = new EventSource(`inbox/${encodeURIComponent(user)}/events?${new URLSearchParams({ after })}`)
  source.onopen = () => showState('open')
  source.onerror = () => {
    showState('reconnecting')
    // A browser reconnects by itself, but stops permanently after any status other than 200, such as a proxy's 502.
    if (source.readyState === EventSource.CLOSED) setTimeout(start, retryAfter)
  }
  source.addEventListener('message', onNotification)
  source.addEventListener('order', onNotification)
  source.addEventListener('alert', onNotification)
  source.addEventListener('read', (event) => {
    readUpTo = JSON.parse(event.data).readUpTo
    show()
  })
  source.addEventListener('gap', (event) => {
    // Some may be missing: the server was restarted, or this page was offline for too long.
    source.close()
    setTimeout(start, JSON.parse(event.data).delay)
  })
}

function onNotification(event) {
  const notification = JSON.parse(event.data)
  notifications.set(notification.number, notification)
  if (notifications.size > maxLength) notifications.delete(notifications.keys().next().value)
  const { type, from, text } = notification
  element(type === 'alert' ? 'urgent' : 'polite').textContent = `${type} from ${from}: ${text}`
  show()
}

// Display

function show() {
  const newestFirst = [...notifications.values()].sort((a, b) => b.number - a.number)
  element('notifications').replaceChildren(...newestFirst.map(newItem))
  const unread = newestFirst.filter(({ number }) => number > readUpTo).length
  element('badge').hidden = unread === 0
  element('badge').textContent = `${unread} unread`
  element('read').ariaDisabled = String(unread === 0)
  document.title = unread === 0 ? 'Notifications' : `(${unread}) Notifications`
}

function newItem({ number, type, from, to, text, time }) {
  const item = element('notification').content.firstElementChild.cloneNode(true)
  item.dataset.type = type
  item.classList.toggle('unread', number > readUpTo)
  item.querySelector('.type').textContent = type
  item.querySelector('.text').textContent = text
  item.querySelector('.who').textContent = to === 'everybody' ? `${from} to everybody` : from
  item.querySelector('time').dateTime = time
  item.querySelector('time').textContent = clock.format(new Date(time))
  return item
}

function showUsers(users) {
  const links = users.map((name) => {
    const link = document.createElement('a')
    link.href = `?${new URLSearchParams({ user: name })}`
    link.textContent = name
    if (name === user) link.setAttribute('aria-current', 'page')
    return link
  })
  element('users').replaceChildren(...links)
  if (element('to').length > 0) return
  element('to').append(...['everybody', ...users].map((name) => new Option(name, name)))
}

// Outgoing

function post(url, body) {
  return fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
}

element('read').onclick = () => {
  post(`inbox/${encodeURIComponent(user)}/read`).catch(() => {
    // No connection: they stay unread.
  })
}

element('form').onsubmit = async (event) => {
  event.preventDefault()
  const { type, to, text } = Object.fromEntries(new FormData(event.target))
  element('sent').textContent = ''
  element('problem').textContent = ''
  try {
    const response = await post('notifications', { type, from: user, to, text })
    if (!response.ok) throw new Error((await response.json()).error)
    element('sent').textContent = `Sent to ${to}: ${text}`
    element('text').value = ''
  } catch (error) {
    element('problem').textContent = `Not sent. ${error.message}`
  }
}

start()
