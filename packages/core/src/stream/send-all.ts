import { setMaxListeners } from 'node:events'
import { readSource, untilAborted } from '../source/read-source.ts'
import { discardSource } from '../source/relay.ts'
import { type EventSourceLike, isPromise } from '../source/source.ts'
import { encodeParsed } from '../wire/encode.ts'
import type { EventStream, Source } from './event-stream.ts'
import { ROOM } from './room.ts'

/** What a relay needs of a stream beyond its public methods. */
export interface RelayTarget {
  readonly maxEventBytes: number
  /** Sends whole events that are encoded already; resolves as `send()` does. */
  sendText(text: string, events: number): Promise<boolean>
}

/** {@link EventStream.sendAll}. */
export async function sendAll(stream: EventStream, source: Source, target: RelayTarget): Promise<void> {
  // One for each source that is being sent; eleven of them are no leak.
  setMaxListeners(0, stream.signal)
  try {
    await untilAborted(stream.signal, sendSource(stream, source, target))
  } catch (error) {
    // A source that was cancelled often fails because of it: its upstream call was aborted by our signal.
    if (!stream.closed) throw error
  }
}

async function sendSource(stream: EventStream, source: Source, target: RelayTarget): Promise<void> {
  if (typeof source !== 'function' || stream.closed) return sendEvents(stream, source, target)
  const made = source(stream)
  // Not awaited unless it must be: a Readable that was given a signal which has aborted fails in the next tick, and
  // somebody has to listen by then.
  const events = isPromise(made) ? await made : made
  if (events !== undefined) return sendEvents(stream, events, target)
}

async function sendEvents(stream: EventStream, source: Source, target: RelayTarget): Promise<void> {
  if (stream.closed) return discardSource(source)
  await readSource(source as EventSourceLike, {
    signal: stream.signal,
    maxEventBytes: target.maxEventBytes,
    take: (event) => orNothing(stream.send(event)),
    takeParsed(parsed) {
      let text = ''
      for (const event of parsed) text += encodeParsed(event)
      return orNothing(target.sendText(text, parsed.length))
    },
  })
}

/** Even to await a promise that is fulfilled would take as long as all else that a token costs. */
function orNothing(room: Promise<boolean>): Promise<boolean> | undefined {
  return room === ROOM ? undefined : room
}
