import { Connection } from '../connection.js'
import { element } from '../element.js'

const maxLines = 300
const button = element('wire-button')
const choice = element('wire-choice')
const log = element('wire-log')
const scroll = element('wire-scroll')

/** Reads a response with fetch() and shows its bytes, decoded only as UTF-8. */
class WireConnection extends Connection {
  connect() {
    const controller = new AbortController()
    this.#read(controller.signal).catch(() => {
      if (!controller.signal.aborted) end('The connection broke.')
    })
    return () => controller.abort()
  }

  async #read(signal) {
    log.replaceChildren()
    bytes = 0
    const response = await fetch(choice.value, { signal, headers: { Accept: 'text/event-stream' } })
    this.report('open')
    showLine(`GET ${choice.value}`, 'request')
    showLine(`${response.status} ${response.statusText}`, 'head')
    for (const [name, value] of response.headers) showLine(`${name}: ${value}`, 'head')
    showLine('', 'head')
    const decoder = new TextDecoderStream()
    const counter = new TransformStream({ transform: count })
    const reader = response.body.pipeThrough(counter).pipeThrough(decoder).getReader()
    let rest = ''
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return end('The server has ended the stream.')
      const lines = (rest + value).split('\n')
      rest = lines.pop()
      for (const line of lines) showLine(line, 'body')
    }
  }
}

const connection = new WireConnection('raw wire', (state) => {
  button.textContent = state === 'stopped' ? 'Watch' : 'Stop'
})
let bytes = 0

function count(chunk, controller) {
  bytes += chunk.length
  element('wire-bytes').textContent = `${bytes.toLocaleString('en')} bytes`
  controller.enqueue(chunk)
}

function end(text) {
  showLine(text, 'end')
  connection.stop()
}

function showLine(text, kind) {
  const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 40
  const line = document.createElement('span')
  line.className = kind
  const [, field, value] = (kind === 'body' && /^(\w*:)(.*)$/s.exec(text)) || []
  if (field === undefined) line.textContent = text
  else {
    const name = document.createElement('b')
    name.textContent = field
    line.append(name, value)
  }
  line.append('\n')
  log.append(line)
  while (log.children.length > maxLines) log.firstElementChild.remove()
  if (atEnd) scroll.scrollTop = scroll.scrollHeight
}

button.onclick = () => {
  if (connection.state === 'stopped') connection.start()
  else connection.stop()
}
choice.onchange = () => {
  if (connection.state !== 'stopped') connection.reconnect()
}
