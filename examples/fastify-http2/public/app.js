import { showState } from './show-state.js'

const element = (id) => document.getElementById(id)

/** The connection that each open stream uses, by room. */
const connections = new Map()

function open(room) {
  const item = document.createElement('li')
  const celsius = document.createElement('b')
  celsius.textContent = '–'
  item.append(`Room ${room} `, celsius)
  element('rooms').append(item)

  const source = new EventSource(`rooms/${room}`)
  source.addEventListener('opened', ({ data }) => {
    const { http, connection } = JSON.parse(data)
    connections.set(room, connection)
    element('protocol').textContent = `HTTP/${http === '2.0' ? 2 : http}`
    show()
  })
  source.addEventListener('temperature', ({ data }) => {
    celsius.textContent = `${data} °C`
  })
  source.onerror = () => {
    connections.delete(room)
    show()
  }
}

function show() {
  showState(connections.size > 0 ? 'open' : 'reconnecting')
  element('streams').textContent = connections.size
  element('connections').textContent = new Set(connections.values()).size
}

// The server has the same page on the next port, over HTTP/1.1 and without TLS.
const secure = location.protocol === 'https:'
element('other').href =
  `${secure ? 'http' : 'https'}://${location.hostname}:${Number(location.port) + (secure ? 1 : -1)}`
element('other-protocol').textContent = secure ? 'HTTP/1.1' : 'HTTP/2'

for (let room = 1; room <= 30; room++) open(room)
