import { setMaxListeners } from 'node:events'
import { readSource, untilAborted } from '../source/read-source.ts'
import { discardSource } from '../source/relay.ts'
import { type EventSourceLike, isPromise } from '../source/source.ts'
import { encodeParsed } from '../wire/encode.ts'
import type { EventStream, Source } from './event-stream.ts'
import { ROOM } from './room.ts'

/** The parts of a stream that a relay uses beyond the public methods. */
export interface RelayTarget {
  readonly maxEventBytes: number
  /** Sends whole events that are already encoded; resolves as `send()` does. */
  sendText(text: string, events: number): Promise<boolean>
}

/** Implements {@link EventStream.sendAll}. */
export async function sendAll(stream: EventStream, source: Source, target: RelayTarget): Promise<void> {
  // Each source that is being sent adds a listener. Node would warn about a leak at the eleventh.
  setMaxListeners(0, stream.signal)
  try {
    await untilAborted(stream.signal, sendSource(stream, source, target))
  } catch (error) {
    // A source that was stopped often fails because of that: our signal aborted its upstream call.
    if (!stream.closed) throw error
  }
}

async function sendSource(stream: EventStream, source: Source, target: RelayTarget): Promise<void> {
  let events: unknown = source
  if (typeof source === 'function' && !stream.closed) {
    const made = source(stream)
    // Await only if necessary: a Readable with a signal that has already aborted emits its error in the next tick, and
    // needs a listener by then.
    events = isPromise(made) ? await made : made
    if (events === undefined) return
  }
  if (stream.closed) return discardSource(events)
  await readSource(events as EventSourceLike, {
    signal: stream.signal,
    maxEventBytes: target.maxEventBytes,
    take: (event) => unlessReady(stream.send(event)),
    takeParsed(parsed) {
      let text = ''
      for (const event of parsed) text += encodeParsed(event)
      return unlessReady(target.sendText(text, parsed.length))
    },
  })
}

/** Awaiting even a fulfilled promise costs as much as all other work for a token. */
function unlessReady(room: Promise<boolean>): Promise<boolean> | undefined {
  return room === ROOM ? undefined : room
}
