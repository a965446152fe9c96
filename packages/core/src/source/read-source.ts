import { TextDecoder } from 'node:util'
import { cautionFramed } from '../process/caution.ts'
import { nextTurn } from '../process/clock.ts'
import type { ParsedEvent } from '../wire/event-stream-parser.ts'
import { looksFramed } from '../wire/framed.ts'
import type { ServerSentEvent } from '../wire/server-sent-event.ts'
import { drain } from './drain.ts'
import { isResponse } from './event-stream-response.ts'
import { pullEvents } from './relay.ts'
import { type EventSourceLike, type PulledItem, pullFrom } from './source.ts'

/**
 * Takes the events of a source. A promise that a method returns is awaited before the next event is read; undefined
 * means that there is nothing to wait for.
 */
export interface SourceTaker {
  readonly signal: AbortSignal
  /** An event of a relayed response with more bytes is an error. */
  readonly maxEventBytes: number
  take(event: ServerSentEvent | string): Promise<unknown> | undefined
  /** The events of one chunk of a relayed response. */
  takeParsed(events: readonly ParsedEvent[]): Promise<unknown> | undefined
}

/**
 * Passes the events of a source to `taker` at its pace, until the source ends or the taker's signal aborts.
 *
 * @throws {@link SseError} ERR_SSE_INVALID_SOURCE, ERR_SSE_EVENT_TOO_LARGE, and what the source throws
 */
export async function readSource(source: EventSourceLike, taker: SourceTaker): Promise<void> {
  const { signal } = taker
  // Yield after an empty piece: a source that yields nothing else would block the event loop.
  if (isResponse(source)) {
    const pieces = pullEvents(source, taker.maxEventBytes)
    return drain(pieces, signal, (events) => (events.length > 0 ? taker.takeParsed(events) : nextTurn()))
  }
  const reader = new ItemReader()
  await drain(pullFrom(source), signal, (item) => {
    const event = reader.read(item)
    return event === '' && item !== '' ? nextTurn() : taker.take(event)
  })
  const rest = reader.rest()
  if (rest !== '' && !signal.aborted) await taker.take(rest)
}

/** Makes events of the items of one source; decodes bytes as text. */
class ItemReader {
  #decoder: TextDecoder | undefined
  #first = true

  /** The event of an item. `''` if it has none yet: no bytes, or part of a character. */
  read(item: PulledItem): ServerSentEvent | string {
    const event = ArrayBuffer.isView(item) ? this.#decode(item) : item
    if (this.#first && event !== '') {
      this.#first = false
      if (typeof event === 'string' && looksFramed(event)) cautionFramed()
    }
    return event
  }

  /** Text that is left at the end of the source. */
  rest(): string {
    return this.#decoder?.decode() ?? ''
  }

  #decode(bytes: Uint8Array): string {
    // A chunk may end inside a character.
    this.#decoder ??= new TextDecoder('utf-8', { ignoreBOM: true })
    return this.#decoder.decode(bytes, { stream: true })
  }
}

/** Settles as `work` does, or as soon as `signal` aborts: a source may stay idle forever. */
export async function untilAborted(signal: AbortSignal, work: Promise<void>): Promise<void> {
  let stop = (): void => {}
  const aborted = new Promise<void>((resolve) => {
    stop = resolve
  })
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  try {
    await Promise.race([aborted, work])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
