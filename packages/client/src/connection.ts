import { type ConnectError, connectError } from './connect-error.ts'
import type { ConnectOptions } from './connect-options.ts'
import { createDeadline } from './deadline.ts'
import { CATCH_UP, MAYBE_CUT, WAIT } from './limits.ts'
import { type Block, createParser } from './parser.ts'
import { retryAfter } from './retry-after.ts'
import { retryDelay } from './retry-delay.ts'
import type { SourceState } from './typed-event-source.ts'

/** A sequence of requests. Each continues where the previous one ended. */
export interface Connection {
  /** The next request continues after this id. */
  lastEventId: string
  /** Whether the request must not be repeated. */
  isOnce: boolean
  owner: ConnectionOwner | undefined
  /**
   * Connects now, and aborts any current attempt.
   *
   * @param catchUp - sends a single request, which returns the events so far; how many seconds the server may wait for
   *   the first one
   */
  open(catchUp?: '0' | '1'): void
  /** Ends the wait for the next attempt. */
  wake(): void
  /** Stops, until `open()`. */
  pause(): void
}

/** The user of a {@link Connection}. */
export interface ConnectionOwner {
  onBlock(block: Block): void
  onState(state: SourceState, error?: ConnectError): void
  /** Called when the request of a catch-up is complete. */
  onCaughtUp?(): void
}

export function createConnection(url: string | URL, options: ConnectOptions): Connection {
  let {
    headers,
    credentials,
    resume,
    after = '',
    openTimeout = 15_000,
    silence = 45_000,
    retry: { min = 1_000, max = 30_000 } = {},
    poll = 'auto',
    body,
    method = body == null ? 'GET' : 'POST',
  } = options
  /** The `wait` of a long poll in seconds; 0: stream. */
  let wait = poll === 'always' ? WAIT : 0
  let streamAgainAt = 0
  let catchUp: '0' | '1' | undefined
  /** The current attempt. Once it has aborted, nothing that the attempt still does has an effect. */
  let attempt = new AbortController()
  let state: SourceState | undefined
  let lastError: ConnectError | undefined
  let failures = 0
  let minRetry = min
  /** Whether the next attempt is scheduled, and the server itself has not asked for that wait. */
  let mayWake = false
  const deadline = createDeadline()

  const connection: Connection = {
    lastEventId: after,
    isOnce: method !== 'GET',
    owner: undefined,
    open(newCatchUp) {
      catchUp = newCatchUp
      // The network may have changed, to one that does not buffer streams.
      streamAgainAt = 0
      run()
    },
    wake() {
      if (mayWake) run()
    },
    pause,
  }
  return connection

  function pause(): void {
    attempt.abort()
    deadline()
    mayWake = false
  }

  function setState(newState: SourceState, error?: ConnectError): void {
    lastError = error
    state = newState
    connection.owner?.onState(state, error)
  }

  function again(error?: ConnectError, atLeast = 0): void {
    pause()
    if (connection.isOnce) {
      if (!resume) {
        setState('closed', error)
        return
      }
      connection.isOnce = false
      url = resume
      method = 'GET'
      body = undefined
    }
    mayWake = atLeast <= 0
    deadline(Math.max(retryDelay(++failures, minRetry, max), atLeast), run)
    setState('waiting', error)
  }

  async function run(): Promise<void> {
    pause()
    attempt = new AbortController()
    const { signal } = attempt
    const startedAt = Date.now()
    if (poll === 'auto' && startedAt > streamAgainAt) wait = 0
    const once = connection.isOnce
    const ends = !once && (catchUp || wait)
    let head: Response | undefined
    let length = 0

    const onTimeout = () => {
      if (poll === 'auto' && !once && !length) {
        if (!wait) {
          wait = 1
          streamAgainAt = startedAt + 20 * openTimeout
          return run()
        }
        wait = 0
        // The headers of a long poll arrived and nothing else: the server does not support long polling.
        if (head) poll = 'never'
      }
      again(connectError(`${url}: no data`))
    }
    const onByte = () => {
      deadline(silence, onTimeout)
      failures = 0
      setState('open')
    }
    const endCatchUp = () => {
      if (signal.aborted) return
      pause()
      connection.owner?.onCaughtUp?.()
    }
    deadline(once ? silence : openTimeout + wait * 1000, onTimeout)
    // A page that polls is up to date between two polls, so its state stays `open`.
    if (!ends || state !== 'open') setState('connecting', lastError)

    try {
      const own = typeof headers === 'function' ? await headers(lastError) : headers
      const { lastEventId } = connection
      const request = {
        cache: 'no-store',
        credentials,
        method,
        body,
        headers: {
          Accept: 'text/event-stream',
          ...(lastEventId && { 'Last-Event-ID': toByteString(lastEventId) }),
          ...(ends && { Prefer: `wait=${wait || catchUp}` }),
          ...own,
        },
        signal,
      } as RequestInit
      head = await fetch(url, request)
      if (signal.aborted) return
      const { status } = head
      const type = head.headers.get('content-type')
      if (status === 204) return setState('closed')
      if (status !== 200 || !type?.startsWith('text/event-stream')) {
        const refusal = connectError(`${url}: ${status} ${type}`, status)
        if (mayRefresh(status) && !mayRefresh(lastError?.status) && !once) {
          lastError = refusal
          return run()
        }
        if (status >= 400 && status < 500 && status !== 429) return setState('closed', refusal)
        return again(refusal, retryAfter(head.headers))
      }
      if (poll === 'never') onByte()
      // The answer of this server may never end.
      if (catchUp && !head.headers.has('preference-applied')) setTimeout(endCatchUp, CATCH_UP)

      const parse = createParser(
        lastEventId,
        // A listener of an earlier event may have closed the source.
        (block) => signal.aborted || connection.owner?.onBlock(block),
        (ms) => {
          minRetry = ms
        },
      )
      const bytes = head.body as ReadableStream<Uint8Array<ArrayBuffer>>
      await bytes.pipeThrough(new TextDecoderStream()).pipeTo(
        new WritableStream({
          write(text) {
            if (signal.aborted) return
            onByte()
            length += text.length
            parse(text)
          },
        }),
      )
      if (signal.aborted) return
      // Without a new id, the next answer would be the same.
      if (catchUp && (length < MAYBE_CUT || connection.lastEventId === lastEventId)) endCatchUp()
      else if (ends) {
        wait = wait && WAIT
        deadline(startedAt + minRetry - Date.now(), run)
      } else again()
    } catch (error) {
      if (!signal.aborted) again(error as ConnectError)
    }
  }
}

/** Whether a request with other credentials may be accepted. */
function mayRefresh(status?: number): boolean {
  return status === 401 || status === 403
}

/** A header's value is bytes: "the last event ID string, encoded as UTF-8". */
function toByteString(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text))
}
