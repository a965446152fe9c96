import { element, fromTemplate } from '../element.js'
import { request } from '../request.js'

const clock = new Intl.DateTimeFormat('en', { timeStyle: 'short', hourCycle: 'h23' })
const form = element('chat-form')
const name = element('chat-name')
const text = element('chat-text')
const log = element('chat-log')
const list = element('chat-messages')

export const channel = 'chat'

export const events = {
  message: show,
}

export function load(messages) {
  list.replaceChildren()
  for (const message of messages) show(message)
}

function show(message) {
  const { scrollHeight, scrollTop, clientHeight } = log
  const readsNewest = scrollHeight - scrollTop - clientHeight < 40
  const item = fromTemplate('chat-message', {
    name: message.name,
    text: message.text,
    via: `via ${message.via}`,
    time: clock.format(new Date(message.time)),
  })
  item.classList.toggle('own', message.name === name.value.trim())
  list.append(item)
  if (readsNewest) log.scrollTop = log.scrollHeight
}

form.onsubmit = async (event) => {
  event.preventDefault()
  const message = { name: name.value, text: text.value }
  const sent = await request('POST', 'chat', message)
  element('chat-problem').textContent = sent ? '' : 'It was not sent. Is the server there?'
  if (sent) text.value = ''
  text.focus()
}

text.onkeydown = (event) => {
  // While a text is composed, for Japanese for example, Enter chooses a word.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
  event.preventDefault()
  form.requestSubmit()
}

name.value = localStorage.getItem('name') ?? `Guest ${Math.floor(100 + Math.random() * 900)}`
name.onchange = () => localStorage.setItem('name', name.value)
