import { TextDecoder } from 'node:util'
import { looksFramed } from '../wire/framed.ts'
import type { ServerSentEvent } from '../wire/server-sent-event.ts'
import { cautionFramed } from './caution.ts'
import type { PulledItem } from './source.ts'

/** Makes events of the items of one source: text of bytes. */
export class ItemReader {
  #decoder: TextDecoder | undefined
  #first = true

  /** The event that an item is; `''` when it is none: no bytes, or a part of a character. */
  read(item: PulledItem): ServerSentEvent | string {
    const event = ArrayBuffer.isView(item) ? this.#decode(item) : item
    if (this.#first && event !== '') {
      this.#first = false
      if (typeof event === 'string' && looksFramed(event)) cautionFramed()
    }
    return event
  }

  /** What is left at the end of the source. */
  rest(): string {
    return this.#decoder?.decode() ?? ''
  }

  #decode(bytes: Uint8Array): string {
    // A character may be cut in two between chunks.
    this.#decoder ??= new TextDecoder('utf-8', { ignoreBOM: true })
    return this.#decoder.decode(bytes, { stream: true })
  }
}
