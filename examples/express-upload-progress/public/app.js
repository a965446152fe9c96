import { showState } from './show-state.js'

const reports = {
  waiting: 'The server waits for it.',
  receiving: 'The server receives it.',
  hashing: 'The server has received all of it and is processing it.',
}
const megabytes = new Intl.NumberFormat(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 })

const element = (id) => document.getElementById(id)

let busy = false
/** The URL of the current upload. */
let url

async function upload(file) {
  const announced = await fetch('uploads', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ size: file.size }),
  })
  const answer = await announced.json()
  if (!announced.ok) throw new Error(answer.error)
  show(answer)
  url = `uploads/${answer.id}`
  const over = follow()
  fetch(url, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/octet-stream' },
    body: file,
  }).catch(() => {
    // It was cancelled, or the connection was lost. The server notices that, too, and reports the result.
  })
  show(await over)
}

/** Shows the progress. Resolves with the result. */
function follow() {
  return new Promise((resolve, reject) => {
    const source = new EventSource(`${url}/events`)
    source.onopen = () => showState('open')
    source.onerror = () => {
      showState('reconnecting')
      if (source.readyState === EventSource.CLOSED)
        reject(new Error('the server does not know of it any more'))
    }
    source.addEventListener('progress', (event) => show(JSON.parse(event.data)))
    source.addEventListener('over', (event) => {
      // Otherwise the browser would treat the end of the stream as a lost connection and reconnect forever.
      source.close()
      resolve(JSON.parse(event.data))
    })
  })
}

// Display

function show({ state, size, received, hashed, sha256, error }) {
  showBytes('received', received, size)
  showBytes('hashed', hashed, size)
  document.body.dataset.upload = state
  if (state === 'done') showText('report', `Done. SHA-256: ${sha256}`)
  else if (state === 'failed') showText('report', `Failed: ${error}.`)
  else showText('report', reports[state])
}

function showBytes(name, bytes, size) {
  // A file may be empty. A bar of 0 of 0 would be indeterminate.
  element(name).max = size || 1
  element(name).value = size === 0 ? 1 : bytes
  element(`${name}-bytes`).textContent =
    `${megabytes.format(bytes / 1e6)} of ${megabytes.format(size / 1e6)} MB`
}

/** Changes the text only if it differs: otherwise a screen reader would repeat it. */
function showText(name, text) {
  if (element(name).textContent !== text) element(name).textContent = text
}

/** A disabled button loses the focus, and a keyboard user would start again at the top of the page. */
function showButtons() {
  element('send').ariaDisabled = String(busy)
  element('cancel').ariaDisabled = String(!busy)
}

element('form').onsubmit = async (event) => {
  event.preventDefault()
  if (busy) return
  busy = true
  showButtons()
  try {
    await upload(element('file').files[0])
  } catch (error) {
    document.body.dataset.upload = 'failed'
    showText('report', `Failed: ${error.message}.`)
  }
  busy = false
  url = undefined
  showButtons()
  showState('idle')
}

element('cancel').onclick = () => {
  if (url === undefined) return
  fetch(url, { method: 'DELETE' }).catch((error) => showText('report', `Not cancelled: ${error.message}.`))
}
