import { type SseCloseCode, SseError } from '../../src/errors.ts'
import type { EventStream, Source } from '../../src/stream/event-stream.ts'
import { sendAll } from '../../src/stream/send-all.ts'
import type { ServerSentEvent } from '../../src/wire/server-sent-event.ts'

/** A stream without a response: records what is sent, and ends when the test says so. */
export class FakeStream implements EventStream {
  readonly lastEventId = ''
  readonly sent: (ServerSentEvent | string)[] = []
  /** What `send()` waits for. */
  room: Promise<unknown> = Promise.resolve()
  readonly #controller = new AbortController()

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get reason(): EventStream['reason'] {
    return this.signal.reason
  }

  get closed(): boolean {
    return this.signal.aborted
  }

  async send(event: ServerSentEvent | string): Promise<boolean> {
    if (this.closed) return false
    this.sent.push(event)
    await this.room
    return !this.closed
  }

  sendAll(source: Source): Promise<void> {
    return sendAll(this, source, { maxEventBytes: 1_000, sendText: (text) => this.send(text) })
  }

  comment(): Promise<boolean> {
    return this.send('')
  }

  close(): void {
    this.over('ERR_SSE_CLOSED')
  }

  over(code: SseCloseCode = 'ERR_SSE_CLIENT_CLOSED'): void {
    this.#controller.abort(new SseError(code, 'over'))
  }
}
