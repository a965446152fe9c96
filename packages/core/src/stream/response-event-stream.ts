import { SseError } from '../errors.ts'
import { caution } from '../process/caution.ts'
import { encodeComment, encodeEvent } from '../wire/encode.ts'
import type { ServerSentEvent } from '../wire/server-sent-event.ts'
import type { EndOptions, EventStream, Source } from './event-stream.ts'
import type { ResponsePort } from './response-port.ts'
import { OVER } from './room.ts'
import { sendAll } from './send-all.ts'
import { definePort } from './stream-port.ts'

/** The stream as the app sees it: it encodes events. It has the members of the interface and no others. */
export class ResponseEventStream implements EventStream {
  readonly #port: ResponsePort

  constructor(port: ResponsePort) {
    this.#port = port
  }

  static {
    definePort(ResponseEventStream.prototype, (stream) => stream.#port)
  }

  get lastEventId(): string {
    return this.#port.lastEventId
  }

  get signal(): AbortSignal {
    return this.#port.signal
  }

  get closed(): boolean {
    return this.#port.reason !== undefined
  }

  get reason(): EventStream['reason'] {
    return this.#port.reason
  }

  send(event: ServerSentEvent | string, more?: unknown): Promise<boolean> {
    if (more !== undefined) {
      throw new SseError(
        'ERR_SSE_INVALID_EVENT',
        'send() takes one argument, the event: send({ event, data }).',
      )
    }
    if (this.closed) return OVER
    const text = encodeEvent(event, this.#port.options.serialize)
    if (typeof event !== 'string') caution(event)
    return this.#port.send(text, hasData(event) ? 1 : 0)
  }

  sendAll(source: Source): Promise<void> {
    return sendAll(this, source, {
      maxEventBytes: this.#port.options.maxEventBytes,
      sendText: (text, events) => (this.closed ? OVER : this.#port.send(text, events)),
    })
  }

  comment(text?: string): Promise<boolean> {
    return this.closed ? OVER : this.#port.send(encodeComment(text), 0)
  }

  close({ abruptEnd }: EndOptions = {}): void {
    this.#port.end('ERR_SSE_CLOSED', { abrupt: abruptEnd })
  }
}

/** A comment or a reconnection time alone does not count as an event. */
function hasData(event: ServerSentEvent | string): boolean {
  return typeof event === 'string' || event.data !== undefined
}
