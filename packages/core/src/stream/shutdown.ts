import { clock, pause } from '../process/clock.ts'
import { MAX_RETRY } from '../wire/encode.ts'
import { invalidOption } from '../wire/invalid-option.ts'
import { trueOrFalse } from './event-stream-options.ts'
import type { StreamPort } from './stream-port.ts'

/** Options for ending many streams. */
export interface CloseOptions {
  /** Spreads the ends over this many ms, so that clients do not all reconnect at once. Default: 0. */
  drain?: number | undefined
  /**
   * The reconnection time in ms that each client receives at the end: a number, or `[least, most]` for a random value
   * in that range. With a single number all clients reconnect together, unless `drain` is longer.
   *
   * Default: a random value from 0.5 to 1.5 times the stream's own `retry`. That suits a rolling restart, where another
   * process already listens. If your only process takes 10 s to restart, use `[10_000, 15_000]`.
   */
  retry?: number | readonly [least: number, most: number] | undefined
  /**
   * Sends the buffered data and then cuts the connections instead of ending the responses, for clients that take an end
   * as final. Default: each stream's `abruptEnd` option.
   */
  abruptEnd?: boolean | undefined
  /**
   * The server of the streams: what `app.listen()` or `createServer()` returns. It is closed together with them. It
   * stops accepting connections at once. One second after the last stream has ended, requests that are still in
   * progress and the spare connections that browsers keep are cut off. Default: you close it yourself.
   */
  server?: ClosableServer | undefined
}

/**
 * The part of a server that {@link CloseOptions.server} needs; servers of node:http, node:https and node:http2 have it.
 */
export interface ClosableServer {
  close(callback: () => void): unknown
  closeIdleConnections?(): void
  closeAllConnections?(): void
}

const DRAIN_STEP = 50
/**
 * A response that is not finished this many ms after its end is cut off. Otherwise a shutdown would wait for a client
 * that does not read.
 */
const GRACE = 1_000

/** Ends many streams. Each client receives the time after which it reconnects. */
export class Shutdown {
  /**
   * Resolves when all responses are finished. Those that are not finished one second after the last end are cut off.
   */
  readonly done: Promise<void>
  readonly #retry: CloseOptions['retry']
  readonly #abruptEnd: boolean | undefined

  /**
   * @param streams - the open streams; a stream is removed from the set when its response is finished
   * @throws {@link SseError} ERR_SSE_INVALID_OPTION
   */
  constructor(streams: ReadonlySet<StreamPort>, { drain = 0, retry, abruptEnd, server }: CloseOptions) {
    if (!Number.isFinite(drain) || drain < 0) throw invalidOption('drain', 'a number of ms, 0 or more', drain)
    if (retry !== undefined) checkRetry(retry)
    if (server !== undefined && typeof server?.close !== 'function')
      throw invalidOption('server', 'a server of node:http, which app.listen() returns', server)
    if (abruptEnd !== undefined) trueOrFalse('abruptEnd', abruptEnd)
    this.#retry = retry
    this.#abruptEnd = abruptEnd
    this.done = this.#run(streams, drain, server)
  }

  /** Ends one stream now. */
  end(stream: StreamPort): void {
    const { ownRetry } = stream
    const retry = this.#retry ?? [ownRetry / 2, Math.min(ownRetry * 1.5, MAX_RETRY)]
    stream.shutdown(typeof retry === 'number' ? retry : Math.round(randomBetween(...retry)), this.#abruptEnd)
  }

  async #run(
    streams: ReadonlySet<StreamPort>,
    drain: number,
    server: ClosableServer | undefined,
  ): Promise<void> {
    const serverClosed = server && new Promise<void>((resolve) => server.close(resolve))
    // Node's close() closes idle connections only once. Connections that become idle later would stay open.
    const sweep = server && clock.setInterval(() => server.closeIdleConnections?.(), DRAIN_STEP)
    const open = [...streams]
    const start = clock.now()
    let ended = 0
    // Measured by the clock: on a busy machine each step takes longer than its pause, so a fixed number of steps would
    // take longer than the drain.
    for (let spent = 0; spent < drain && streams.size > 0; spent = clock.now() - start) {
      const due = Math.ceil((open.length * (spent + DRAIN_STEP)) / (drain + DRAIN_STEP))
      for (const stream of open.slice(ended, due)) this.end(stream)
      ended = due
      await pause(DRAIN_STEP)
    }
    for (const stream of open.slice(ended)) this.end(stream)
    await withinGrace(finished(streams), serverClosed)
    for (const stream of streams) stream.cut('ERR_SSE_SHUTDOWN')
    server?.closeAllConnections?.()
    await withinGrace(finished(streams), serverClosed)
    clock.clearInterval(sweep)
  }
}

/** Resolves when every response is finished. */
async function finished(streams: ReadonlySet<StreamPort>): Promise<void> {
  await Promise.all(
    [...streams].map((stream) => new Promise<void>((resolve) => stream.whenFinished(resolve))),
  )
}

/** Resolves when all of `ends` have resolved, or after the grace period. */
async function withinGrace(...ends: (Promise<void> | undefined)[]): Promise<void> {
  const timeout = new AbortController()
  await Promise.race([Promise.all(ends), pause(GRACE, timeout.signal)])
  timeout.abort()
}

function randomBetween(least: number, most: number): number {
  return least + Math.random() * (most - least)
}

function checkRetry(retry: unknown): void {
  const range: unknown[] = Array.isArray(retry) ? retry : [retry, retry]
  const [least, most] = range as number[]
  if (range.length === 2 && range.every(isRetry) && Number(least) <= Number(most)) return
  throw invalidOption('retry', `an integer from 0 to ${MAX_RETRY} (ms), or two of them: [least, most]`, retry)
}

function isRetry(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_RETRY
}
