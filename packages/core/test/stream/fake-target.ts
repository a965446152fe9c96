import { EventEmitter } from 'node:events'
import type { Target } from '../../src/stream/exchange.ts'

/** A response without a connection: records what is written, and has room or not as the test says. */
export class FakeTarget extends EventEmitter implements Target {
  readonly writes: string[] = []
  hasRoom = true
  writableLength = 0
  writableEnded = false
  destroyed = false

  /** Everything that was written. */
  get text(): string {
    return this.writes.join('')
  }

  /** Bytes are recorded as one character each. */
  write(chunk: string | Buffer): boolean {
    const text = typeof chunk === 'string' ? chunk : chunk.toString('latin1')
    this.writes.push(text)
    if (!this.hasRoom) this.writableLength += text.length
    return this.hasRoom
  }

  end(): void {
    this.writableEnded = true
  }

  destroy(): void {
    this.destroyed = true
  }

  /** The client reads on. */
  drain(): void {
    this.hasRoom = true
    this.writableLength = 0
    this.emit('drain')
  }
}
