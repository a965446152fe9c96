import { showState } from './show-state.js'

const retryAfter = 1000

const element = (id) => document.getElementById(id)

let id = new URLSearchParams(location.search).get('job')
let job
let source

// Incoming

/** From its beginning. When the connection is lost, the browser reconnects by itself and continues after the last event. */
function watch() {
  show({ status: 'running', photos: [], finished: 0 })
  source = new EventSource(`jobs/${id}/events`)
  source.onopen = () => showState('open')
  source.onerror = () => {
    showState('reconnecting')
    // A browser reconnects by itself, but stops permanently after any status other than 200. The job may no longer exist.
    if (source.readyState === EventSource.CLOSED) check()
  }
  source.addEventListener('photos', (event) => show({ ...job, photos: JSON.parse(event.data) }))
  source.addEventListener('progress', (event) => show({ ...job, ...JSON.parse(event.data) }))
  source.addEventListener('failure', (event) => show({ ...job, error: event.data }))
  source.addEventListener('end', (event) => {
    // Otherwise the browser would treat the end of the stream as a lost connection and reconnect forever.
    source.close()
    show({ ...job, ...JSON.parse(event.data) })
  })
}

async function check() {
  const response = await fetch(`jobs/${id}`).catch(() => undefined)
  if (response?.status === 404) showGone()
  else setTimeout(watch, retryAfter)
}

// Outgoing

element('form').onsubmit = async (event) => {
  event.preventDefault()
  if (job?.status === 'running') return
  try {
    const response = await fetch('jobs', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ fail: element('fail').checked }),
    })
    if (response.status !== 202) throw new Error(`HTTP ${response.status}`)
    id = (await response.json()).id
    // With the job in its address, the page finds it again after a reload.
    history.replaceState(null, '', `?${new URLSearchParams({ job: id })}`)
    watch()
  } catch (error) {
    showText('report', `Not started: ${error.message}.`)
  }
}

element('cancel').onclick = () => {
  if (job?.status !== 'running') return
  fetch(`jobs/${id}`, { method: 'DELETE' }).catch((error) => {
    showText('report', `Not cancelled: ${error.message}.`)
  })
}

// Display

function show(now) {
  job = now
  const { status, photos, finished, photo } = job
  element('progress').max = photos.length || 1
  element('progress').value = finished
  showText('percent', `${Math.round((100 * finished) / element('progress').max)} %`)
  showText('photo', status === 'running' ? (photo ?? '') : '')
  showText('report', reportOf(job))
  const items = photos.map((name, index) => {
    const item = document.createElement('li')
    item.textContent = name.replace(/\D/g, '')
    item.classList.toggle('finished', index < finished)
    return item
  })
  element('photos').replaceChildren(...items)
  document.body.dataset.job = status
  showButtons(status === 'running')
  if (status !== 'running') showState('idle')
}

/** A screen reader reads it, so it does not change with every photo. */
function reportOf({ status, photos, finished, error }) {
  const count = `${finished} of ${photos.length} photos`
  if (status === 'done') return `Done: ${count}.`
  if (status === 'failed') return `Failed after ${count}: ${error}.`
  if (status === 'stopped') return `Cancelled after ${count}.`
  const quarters = Math.floor((4 * finished) / (photos.length || 1))
  return ['Running.', 'A quarter is done.', 'Half of it is done.', 'Three quarters are done.'][quarters]
}

function showGone() {
  job = undefined
  document.body.dataset.job = 'gone'
  showText('report', 'This job does not exist, or no longer exists.')
  showButtons(false)
  showState('idle')
}

/** A disabled button loses the focus, and a keyboard user would start again at the top of the page. */
function showButtons(running) {
  element('start').ariaDisabled = String(running)
  element('cancel').ariaDisabled = String(!running)
}

/** Changes the text only if it differs: otherwise a screen reader would repeat it. */
function showText(name, text) {
  if (element(name).textContent !== text) element(name).textContent = text
}

if (id) watch()
