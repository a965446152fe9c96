// Runs in a page: each client against each trial, as the README of the client shows it.
import { connect } from '@downstream/client'
import { fetchEventSource } from '@microsoft/fetch-event-source'
import { EventSource as EventSourcePackage } from 'eventsource'
import * as reconnecting from 'reconnecting-eventsource'
import { SSE } from 'sse.js'

interface Listenable {
  addEventListener(type: string, listener: (event: { data: string }) => void): void
}

// The globals of a page.
declare const EventSource: new (url: string) => Listenable
declare const window: { received: Record<string, string[]> }
declare const location: { port: string }

// Its types are those of its CommonJS build, but the other build is bundled.
const { default: ReconnectingEventSource } = reconnecting as unknown as {
  default: new (url: string) => Listenable
}

type Client = (url: string, post: boolean, receive: (data: string) => void) => void

function listen(source: Listenable, receive: (data: string) => void): void {
  source.addEventListener('message', ({ data }) => receive(data))
}

/** Returns a new token at each call. */
function tokens(): () => string {
  let calls = 0
  return () => `Bearer ${++calls}`
}

const clients: Record<string, Client> = {
  '@downstream/client': (url, post, receive) => {
    const token = tokens()
    const source = connect<{ message: number }>(url, {
      ...(post && { method: 'POST', body: '{}' }),
      headers: () => ({ Authorization: token() }),
      silence: 5_000,
      openTimeout: 5_000,
      retry: { min: 200 },
    })
    source.on('message', (data) => receive(String(data)))
  },
  EventSource: (url, _, receive) => listen(new EventSource(url), receive),
  eventsource: (url, post, receive) => {
    const token = tokens()
    const source = new EventSourcePackage(url, {
      fetch: (input, init) =>
        fetch(input, {
          ...init,
          ...(post && { method: 'POST', body: '{}' }),
          headers: { ...init.headers, Authorization: token() },
        } as RequestInit),
    })
    listen(source as unknown as Listenable, receive)
  },
  '@microsoft/fetch-event-source': (url, post, receive) => {
    const token = tokens()
    fetchEventSource(url, {
      ...(post && { method: 'POST', body: '{}' }),
      headers: { Authorization: token() },
      openWhenHidden: true,
      onmessage: ({ data }) => data && receive(data),
    }).catch(() => {})
  },
  'reconnecting-eventsource': (url, _, receive) => listen(new ReconnectingEventSource(url), receive),
  'sse.js': (url, post, receive) => {
    const token = tokens()
    const source = new SSE(url, {
      ...(post && { method: 'POST', payload: '{}' }),
      headers: { Authorization: token() },
      autoReconnect: true,
      reconnectDelay: 200,
    })
    listen(source as unknown as Listenable, receive)
  },
}

window.received = {}

/** Called by the test. */
Object.assign(window, {
  begin(kind: 'get' | 'post', count: number): string[] {
    for (const [index, client] of Object.values(clients).entries()) {
      for (let number = 0; number < count; number++) {
        const name = `${kind}/${index}/${number}`
        const list: string[] = []
        window.received[name] = list
        const host = name.replaceAll('/', '-')
        client(`http://${host}.localhost:${location.port}/${name}`, kind === 'post', (data) => {
          list.push(data)
          fetch(`/received/${name}`)
        })
      }
    }
    return Object.keys(clients)
  },
})
