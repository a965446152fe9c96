import { EventSourceParserStream } from './eventsource-parser/stream.js'
import { showState as showConnection } from './show-state.js'

const element = (id) => document.getElementById(id)
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

const messages = []
let asking

async function ask(content) {
  messages.push({ role: 'user', content })
  show('user').textContent = content
  const text = show('assistant')
  asking = new AbortController()
  try {
    for await (const piece of answer(element('stream').checked, asking.signal)) {
      keepScrolled(() => text.append(piece))
    }
    element('spoken').textContent = text.textContent
    showNote('')
  } catch (error) {
    text.classList.add('broken')
    if (asking.signal.aborted)
      showNote(
        `Stopped, and the server’s generator is ${await generatorState().catch(() => 'out of reach')}.`,
      )
    else showNote(`Broken off: ${error.message}.`)
  }
  if (text.textContent !== '') messages.push({ role: 'assistant', content: text.textContent })
  asking = undefined
}

/** Yields the pieces of an answer. EventSource cannot POST, so this uses fetch() and a parser. */
async function* answer(stream, signal) {
  const response = await fetch('v1/chat/completions', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ model: 'markov', messages, stream }),
    signal,
  })
  if (!response.ok) throw new Error((await response.json()).error.message)
  if (!stream) return yield (await response.json()).choices[0].message.content
  const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
  const reader = events.getReader()
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    if (step.value.data === '[DONE]') return
    const [choice] = JSON.parse(step.value.data).choices
    if (choice?.delta.content) yield choice.delta.content
  }
  // Without [DONE] the answer is not complete, even if the response ended normally.
  throw new Error('the server ended it early')
}

/** It takes a moment until the server notices the disconnect. */
async function generatorState() {
  for (let attempts = 0; attempts < 10; attempts++) {
    const { running } = await (await fetch('status')).json()
    if (running === 0) return 'idle'
    await sleep(100)
  }
  return 'still running'
}

// Display

function show(role) {
  const item = document.createElement('li')
  item.className = role
  const text = document.createElement('p')
  item.append(text)
  element('messages').append(item)
  scrollDown()
  return text
}

function showNote(text) {
  element('note').textContent = text
}

function showState(state) {
  showConnection(state)
  // A disabled button would lose the focus, and a keyboard user would start again at the top of the page.
  element('send').ariaDisabled = String(state === 'answering')
  element('stop').ariaDisabled = String(state !== 'answering')
}

/** Keeps the newest text in view, unless the reader has scrolled up to older text. */
function keepScrolled(change) {
  const { scrollHeight, scrollTop, clientHeight } = element('log')
  const atEnd = scrollHeight - scrollTop - clientHeight < 40
  change()
  if (atEnd) scrollDown()
}

function scrollDown() {
  element('log').scrollTop = element('log').scrollHeight
}

element('form').onsubmit = async (event) => {
  event.preventDefault()
  if (asking !== undefined) return
  const { value } = element('text')
  element('text').value = ''
  showNote('')
  showState('answering')
  await ask(value)
  showState('idle')
}

element('stop').onclick = () => asking?.abort()
