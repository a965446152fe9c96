import { element, showText } from '../element.js'
import { EventSourceConnection } from '../event-source-connection.js'

const form = element('tokens-form')
const button = element('tokens-button')
const story = element('story')

const stream = new EventSourceConnection('tokens', {
  path: 'tokens',
  parameters: () => ({ prompt, run }),
  events: { token, done: () => stream.stop() },
  onState,
})
let prompt
let run
let tokens = 0

/** The state of the server, from the stream of the page. */
export const channel = 'tokens'

export const events = {
  working(event) {
    showServer(event, () => 'is at work')
  },
  stopped(event) {
    showServer(event, ({ tokens, why }) => `stopped after ${tokens} tokens: ${why}`)
  },
}

export function load() {}

function token(event) {
  tokens++
  story.append(event.data)
  story.scrollTop = story.scrollHeight
  element('tokens-count').textContent = tokens
}

function showServer(event, text) {
  const telling = JSON.parse(event.data)
  element('tokens-at-work').textContent = telling.atWork
  if (telling.run === run) showText('tokens-server', text(telling))
}

function onState(state) {
  button.textContent = state === 'stopped' ? 'Generate' : 'Stop'
}

form.onsubmit = (event) => {
  event.preventDefault()
  if (stream.state !== 'stopped') return stream.stop()
  prompt = element('tokens-prompt').value
  run = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16)).join('')
  tokens = 0
  stream.lastEventId = ''
  story.replaceChildren()
  stream.start()
}
