import { element, showText } from '../element.js'
import { StreamConnection } from '../stream-connection.js'

const form = element('tokens-form')
const button = element('tokens-button')
const story = element('story')

const stream = new StreamConnection('tokens', {
  path: 'tokens',
  parameters: () => ({ prompt, run }),
  events: { token, done: () => stream.stop() },
  onState,
  // A token is text, also one that looks like JSON.
  parse: (text) => text,
})
let prompt
let run
let tokens = 0

/** The state of the server, from the stream of the page. */
export const channel = 'tokens'

export const events = {
  working(telling) {
    showServer(telling, () => 'is at work')
  },
  stopped(telling) {
    showServer(telling, ({ tokens, why }) => `stopped after ${tokens} tokens: ${why}`)
  },
}

export function load() {}

function token(text) {
  tokens++
  story.append(text)
  story.scrollTop = story.scrollHeight
  element('tokens-count').textContent = tokens
}

function showServer(telling, text) {
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
