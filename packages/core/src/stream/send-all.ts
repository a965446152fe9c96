import { setMaxListeners } from 'node:events'
import { encodeParsed } from '../wire/encode.ts'
import { drain } from './drain.ts'
import type { EventStream } from './event-stream.ts'
import { type EventStreamResponse, isResponse } from './event-stream-response.ts'
import { ItemReader } from './item-reader.ts'
import { nextTurn } from './next-turn.ts'
import { discardSource, pullEvents } from './relay.ts'
import { ROOM } from './room.ts'
import { type EventSourceLike, isPromise, pullFrom, type Source } from './source.ts'

/** What a relay needs of a stream beyond its public methods. */
export interface RelayTarget {
  readonly maxEventBytes: number
  /** Sends whole events that are encoded already; resolves as `send()` does. */
  sendText(text: string): Promise<boolean>
}

/** {@link EventStream.sendAll}. */
export async function sendAll(stream: EventStream, source: Source, target: RelayTarget): Promise<void> {
  const { signal } = stream
  // One for each source that is being sent; eleven of them are no leak.
  setMaxListeners(0, signal)
  let over = (): void => {}
  const whenOver = new Promise<void>((resolve) => {
    over = resolve
  })
  signal.addEventListener('abort', over)
  if (stream.closed) over()
  try {
    // A source may stay idle for ever; the caller must not wait for it once the client is gone.
    await Promise.race([whenOver, sendSource(stream, source, target)])
  } catch (error) {
    // A source that was cancelled often fails because of it: its upstream call was aborted by our signal.
    if (!stream.closed) throw error
  } finally {
    signal.removeEventListener('abort', over)
  }
}

async function sendSource(stream: EventStream, source: Source, target: RelayTarget): Promise<void> {
  if (typeof source !== 'function') return sendEvents(stream, source, target)
  if (stream.closed) return
  const made = source(stream)
  // Not awaited unless it must be: a Readable that was given a signal which has aborted fails in the next tick, and
  // somebody has to listen by then.
  const events = isPromise(made) ? await made : made
  if (events !== undefined) return sendEvents(stream, events, target)
}

function sendEvents(stream: EventStream, source: EventSourceLike, target: RelayTarget): Promise<void> {
  if (stream.closed) {
    discardSource(source)
    return Promise.resolve()
  }
  return isResponse(source) ? relay(stream, source, target) : send(stream, source)
}

async function send(stream: EventStream, source: EventSourceLike): Promise<void> {
  const reader = new ItemReader()
  await drain(pullFrom(source), stream.signal, (item) => {
    const event = reader.read(item)
    // A source of nothing but empty chunks would keep the event loop to itself.
    if (event === '' && item !== '') return nextTurn()
    const room = stream.send(event)
    return room === ROOM ? undefined : room
  })
  const rest = reader.rest()
  if (rest !== '' && !stream.closed) await stream.send(rest)
}

/** Sends the events of a Response on as they are, those of a chunk in one write. */
async function relay(stream: EventStream, source: EventStreamResponse, target: RelayTarget): Promise<void> {
  await drain(pullEvents(source, target.maxEventBytes), stream.signal, (events) => {
    if (events.length === 0) return nextTurn()
    let text = ''
    for (const event of events) text += encodeParsed(event)
    const room = target.sendText(text)
    return room === ROOM ? undefined : room
  })
}
