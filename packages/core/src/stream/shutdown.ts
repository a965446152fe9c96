import { setTimeout as sleep } from 'node:timers/promises'
import { invalidOption } from '../errors.ts'
import type { StreamPort } from './stream-port.ts'

/** How to end many streams. */
export interface CloseOptions {
  /** Spread the ends over this many ms, so that the clients do not all come back at once. Default: 0. */
  drain?: number | undefined
}

const DRAIN_STEP = 50
/** What has not left this many ms after the end is cut off, or shutdown would wait for a client that does not read. */
const GRACE = 1_000

/** The end of many streams, each told to come back in 1 to 5 s plus what is left of the drain. */
export class Shutdown {
  /** Resolves when all responses are through; those that are not a second after the last end are cut off. */
  readonly done: Promise<void>
  readonly #endsAt: number

  /**
   * @param streams - those that are open; who is gone is no longer in it
   * @throws {@link SseError} ERR_SSE_INVALID_OPTION
   */
  constructor(streams: ReadonlySet<StreamPort>, { drain = 0 }: CloseOptions) {
    if (!Number.isFinite(drain) || drain < 0) throw invalidOption('drain', 'a number of ms, 0 or more')
    this.#endsAt = performance.now() + drain
    this.done = this.#run(streams, drain)
  }

  /** Ends one stream, now. */
  end(stream: StreamPort): void {
    const left = Math.max(0, this.#endsAt - performance.now())
    stream.shutdown(Math.round(1_000 + Math.random() * 4_000 + left))
  }

  async #run(streams: ReadonlySet<StreamPort>, drain: number): Promise<void> {
    const open = [...streams]
    const steps = Math.ceil(drain / DRAIN_STEP)
    let ended = 0
    for (let step = 1; step <= steps && streams.size > 0; step++) {
      const due = Math.ceil((open.length * step) / (steps + 1))
      for (const stream of open.slice(ended, due)) this.end(stream)
      ended = due
      // These timers hold the process, unlike all others: it must not exit while somebody awaits the end.
      await sleep(DRAIN_STEP)
    }
    for (const stream of open.slice(ended)) this.end(stream)
    await through(streams)
    for (const stream of streams) stream.destroy('ERR_SSE_SHUTDOWN')
    await through(streams)
  }
}

/** Resolves when every response is through, at the latest after the grace. */
async function through(streams: ReadonlySet<StreamPort>): Promise<void> {
  const gone = [...streams].map((stream) => new Promise<void>((resolve) => stream.whenGone(resolve)))
  if (gone.length === 0) return
  const timeout = new AbortController()
  await Promise.race([Promise.all(gone), sleep(GRACE, undefined, { signal: timeout.signal })])
  timeout.abort()
}
