import { element, showText } from './element.js'
import { flow } from './river.js'
import { StreamConnection } from './stream-connection.js'

const retryAfter = 1000
const words = { open: 'live', stopped: 'loading', reconnecting: 'connection lost, trying again' }

const panels = new Map()
const left = new Set()
let stream
let received = 0
let awaySince

/** One stream for all panels: each has a channel, listeners for its events, and a `load` for the state before them. */
export function openPageStream(all) {
  const events = { gap: onGap }
  for (const panel of all) {
    panels.set(panel.channel, panel)
    for (const [type, listener] of Object.entries(panel.events)) {
      events[type] = (data, event) => {
        listener(data, event)
        flow(panel.channel)
        received++
      }
    }
  }
  const parameters = () => ({ channels: [...panels.keys()].filter((channel) => !left.has(channel)) })
  // One connection for all windows: a browser opens six to one server, and the seventh request waits without an error.
  stream = new StreamConnection('page', { path: 'events', parameters, events, onState, share: true })
  return load()
}

/** Adds or removes a channel. The stream resumes after the last event, so the other channels miss nothing. */
export function follow(channel, wanted) {
  if (wanted) left.delete(channel)
  else left.add(channel)
  stream.reconnect()
}

async function load() {
  const state = await fetchState()
  for (const panel of panels.values()) panel.load(state[panel.channel])
  // Later events are not in the state yet.
  stream.lastEventId = state.cursor
  stream.start()
  return state
}

async function fetchState() {
  for (;;) {
    try {
      const response = await fetch('state')
      if (response.ok) return await response.json()
    } catch {
      // No connection.
    }
    await new Promise((resolve) => setTimeout(resolve, retryAfter))
  }
}

/** Events may be missing: the server was restarted, or the page was offline for too long. It loads everything again. */
function onGap({ reason, delay }) {
  tell(
    `The server no longer has all events that this page missed (gap: ${reason}), so the page has loaded everything again.`,
  )
  stream.stop()
  setTimeout(load, delay)
}

function onState(state) {
  showText('state', words[state] ?? state)
  document.body.dataset.state = state
  // The title is all that a user sees of a hidden page.
  document.title = (state === 'paused' ? '⏸ ' : '') + document.title.replace('⏸ ', '')
  if (state === 'paused') awaySince = Date.now()
  if (state === 'open' && awaySince) countMissed()
}

function countMissed() {
  const seconds = Math.round((Date.now() - awaySince) / 1000)
  const before = received
  awaySince = undefined
  setTimeout(() => {
    tell(
      `This page had closed its streams for ${seconds} s. It continued after its last event: ${received - before} events came at once.`,
    )
  }, 500)
}

function tell(text) {
  element('notice').textContent = text
}
