import { showState as showConnection } from './show-state.js'

const reasons = {
  open: 'The browser sent the cookie, and the response allows this origin.',
  'signed out':
    'Without a session the server answers 401, and a browser does not reconnect after that. Sign in: the page then opens its stream.',
  'no cookie':
    'The answer was 401: without withCredentials the browser sends no cookie, so the server does not know who this is.',
  refused:
    'The server has answered, but the browser hides the answer from this page: Access-Control-Allow-Origin names another origin. The page sees only “error”; the reason is in the browser’s console.',
  reconnecting: 'The server cannot be reached. The browser tries again.',
}

const element = (id) => document.getElementById(id)
const { api, pages } = await (await fetch('config.json')).json()

let source
let retryTimer
let lastEventId = ''

function open() {
  clearTimeout(retryTimer)
  source?.close()
  const withCredentials = element('with-credentials').checked
  source = new EventSource(`${api}/events?${new URLSearchParams({ after: lastEventId })}`, {
    withCredentials,
  })
  source.onopen = () => {
    showState('open')
    showUser()
  }
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) findOutWhy()
    else showState('reconnecting')
  }
  source.addEventListener('note', (event) => addNote(JSON.parse(event.data).text))
  for (const type of ['note', 'gap', 'bookmark']) {
    source.addEventListener(type, (event) => {
      lastEventId = event.lastEventId
    })
  }
}

/** The browser has stopped: the status was not 200, or CORS hides the response from this page. It does not say which, so check. */
async function findOutWhy() {
  const current = source
  const state = await reason()
  if (current !== source) return
  showState(state)
  showUser()
  // It may be a proxy's response while the server restarts, so try again. Only a new session helps against a 401.
  if (state === 'reconnecting') retryTimer = setTimeout(open, 1000)
  if (state === 'refused') retryTimer = setTimeout(open, 10_000)
}

async function reason() {
  const cookie = element('with-credentials').checked
  try {
    const response = await fetch(`${api}/session`, { credentials: cookie ? 'include' : 'omit' })
    if (!response.ok || (await response.json()).name !== '') return 'reconnecting'
    return cookie ? 'signed out' : 'no cookie'
  } catch {
    return 'refused'
  }
}

/** For JSON the browser first asks the server whether this origin may send it (a preflight), so no other page can do this. */
function post(path, body) {
  return fetch(api + path, {
    method: 'POST',
    credentials: 'include',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
}

async function showUser() {
  const response = await fetch(`${api}/session`, { credentials: 'include' }).catch(() => undefined)
  const user = response?.ok ? (await response.json()).name : ''
  // Notes are private.
  if (user !== document.body.dataset.user) element('notes').replaceChildren()
  element('user').textContent = user
  const hadFocus = element('account').contains(document.activeElement)
  document.body.dataset.user = user
  // The form that had the focus is now hidden; a keyboard user would start again at the top of the page.
  if (hadFocus) element(user === '' ? 'name' : 'text').focus()
}

function addNote(text) {
  const item = document.createElement('li')
  item.textContent = text
  element('notes').prepend(item)
}

function showState(state) {
  showConnection(state)
  element('why').textContent = reasons[state] ?? ''
}

element('sign-in').onsubmit = async (event) => {
  event.preventDefault()
  await post('/session', { name: element('name').value.trim() })
  open()
}
element('sign-out').onsubmit = async (event) => {
  event.preventDefault()
  // Ends the streams of all windows. Their browsers reconnect, get a 401 and stop.
  await post('/session/end', {})
  open()
}
element('write').onsubmit = async (event) => {
  event.preventDefault()
  const text = element('text').value.trim()
  element('text').value = ''
  await post('/notes', { text })
}
element('with-credentials').onchange = () => {
  showState('connecting')
  open()
}

for (const [id, origin] of Object.entries(pages)) {
  element(id).href = origin
  if (origin === location.origin) element(id).ariaCurrent = 'page'
}
element('page').textContent = location.origin
element('api').textContent = api
// No stream without a session: its 401 would be an error in the console.
const state = await reason()
if (state === 'signed out') {
  showState(state)
  showUser()
} else {
  open()
}
