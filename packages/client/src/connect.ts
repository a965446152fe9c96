import type { ConnectError } from './connect-error.ts'
import type { ConnectOptions } from './connect-options.ts'
import { createConnection } from './connection.ts'
import { ANY, attempt, createListeners, STATE } from './listeners.ts'
import { watchPage } from './page.ts'
import type { Block } from './parser.ts'
import { createTabs, locks } from './tabs.ts'
import type { EventMap, ReceivedEvent, SourceState, TypedEventSource } from './typed-event-source.ts'

/**
 * Connects to an event stream, and stays connected until `close()`: it reconnects after every temporary error, and
 * continues after the last id. Errors are not thrown: `onState` and loops over the source report them.
 *
 * @example
 * const source = connect<{ headline: { title: string } }>('/news')
 * source.on('headline', ({ title }) => show(title))
 *
 * @param url - relative to the page, or absolute
 */
export function connect<Events = EventMap>(
  url: string | URL,
  options: ConnectOptions = {},
): TypedEventSource<Events> {
  const { parse = parseJson, until = 'end', share, signal } = options
  const listeners = createListeners()
  const life = new AbortController()
  let state: SourceState = 'connecting'
  let error: ConnectError | undefined

  const connection = createConnection(url, options)
  const tabs =
    share && locks && !connection.isOnce
      ? createTabs(nameOf(url, options), connection, dispatch, setState)
      : undefined
  connection.owner = tabs ?? { onBlock: dispatch, onState: setState }
  const start = tabs ? tabs.join : connection.open
  watchPage(
    life.signal,
    // A request that is sent only once may still succeed, so it is kept.
    () => connection.isOnce || stop(),
    () => {
      if (connection.isOnce) return
      stop()
      start()
    },
    () => {
      tabs?.ask()
      connection.wake()
    },
  )
  signal?.addEventListener('abort', close, life)
  // Start later, so that the caller can add its listeners first.
  queueMicrotask(() => {
    if (signal?.aborted) close()
    if (!life.signal.aborted) start()
  })

  return {
    get lastEventId() {
      return connection.lastEventId
    },
    on: (name, listener) =>
      listeners.add(name, (event: ReceivedEvent) => listener(event.data as never, event as never)),
    onState(listener) {
      attempt(() => listener(state, error))
      return listeners.add(STATE, listener)
    },
    close,
    async *[Symbol.asyncIterator]() {
      const queue: never[] = []
      let wake: (() => void) | undefined
      listeners.add(ANY, (event) => {
        queue.push(event)
        wake?.()
      })
      listeners.add(STATE, () => wake?.())
      try {
        while (queue.length > 0 || state !== 'closed') {
          if (queue.length > 0) yield queue.shift() as never
          else
            await new Promise<void>((resolve) => {
              wake = resolve
            })
        }
        if (error) throw error
        return undefined
      } finally {
        // This also removes the two listeners.
        close()
      }
    },
  }

  function stop(): void {
    tabs?.leave()
    connection.pause()
  }

  function close(): void {
    setState('closed')
  }

  function setState(newState: SourceState, newError?: ConnectError): void {
    if (state === 'closed' || (state === newState && error === newError)) return
    state = newState
    error = newError
    if (state === 'closed') {
      stop()
      life.abort()
    }
    listeners.call(STATE, state, error)
  }

  function dispatch({ event, data: text, id }: Block): void {
    connection.lastEventId = id
    if (text === undefined) return
    attempt(() => {
      const received = { event, data: parse(text, event), id }
      listeners.call(event, received)
      listeners.call(ANY, received)
    })
    if (event === until) close()
  }
}

/** Parses JSON. Other text is the data itself, because the server sends strings as they are. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** The name of the lock and the channel of tabs that can share this connection. */
function nameOf(url: string | URL, options: ConnectOptions): string {
  return `${new Request(url).url} ${JSON.stringify({ ...options, after: 0 })}`
}
