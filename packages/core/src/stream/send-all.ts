import { TextDecoder } from 'node:util'
import type { EventStream } from './event-stream.ts'
import { ROOM } from './room.ts'
import { cancelQuietly, type Pull, pullFrom, type Source } from './source.ts'

/** {@link EventStream.sendAll}, by means of the stream's public methods alone. */
export async function sendAll(stream: EventStream, source: Source): Promise<void> {
  const { signal } = stream
  let over = (): void => {}
  const whenOver = new Promise<void>((resolve) => {
    over = resolve
  })
  signal.addEventListener('abort', over)
  if (stream.closed) over()
  try {
    // A source may stay idle for ever; the caller must not wait for it once the client is gone.
    await Promise.race([whenOver, drain(stream, source)])
  } catch (error) {
    // A source that was cancelled often fails because of it: its upstream call was aborted by our signal.
    if (!stream.closed) throw error
  } finally {
    signal.removeEventListener('abort', over)
  }
}

async function drain(stream: EventStream, source: Source): Promise<void> {
  if (typeof source === 'function') {
    if (stream.closed) return
    const made = await source(stream)
    if (made === undefined) return
    return pump(stream, pullFrom(made))
  }
  return pump(stream, pullFrom(source))
}

async function pump(stream: EventStream, pull: Pull): Promise<void> {
  const { signal } = stream
  let atEnd = false
  const stop = () => {
    if (!atEnd) void cancelQuietly(pull)
    atEnd = true
  }
  signal.addEventListener('abort', stop)
  if (stream.closed) stop()
  let decoder: TextDecoder | undefined
  try {
    while (!atEnd) {
      let step: Awaited<ReturnType<Pull['next']>>
      try {
        step = await pull.next()
      } catch (error) {
        // A source that failed is at its end: there is nothing left to stop.
        atEnd = true
        throw error
      }
      if (step.done) atEnd = true
      else if (atEnd) return
      else if (!ArrayBuffer.isView(step.value)) {
        const room = stream.send(step.value)
        // Awaiting even that would take as long as all else that a token costs.
        if (room !== ROOM) await room
      } else {
        // A character may be cut in two between chunks.
        decoder ??= new TextDecoder('utf-8', { ignoreBOM: true })
        const text = decoder.decode(step.value, { stream: true })
        if (text !== '') await stream.send(text)
      }
    }
    const rest = decoder?.decode() ?? ''
    if (rest !== '') await stream.send(rest)
  } finally {
    stop()
    signal.removeEventListener('abort', stop)
  }
}
