import { SseError } from '../errors.ts'
import { clock, pause } from '../process/clock.ts'
import { isResponse } from '../source/event-stream-response.ts'
import { checkResponse, discardSource } from '../source/relay.ts'
import { invalidSource, isSource } from '../source/source.ts'
import type { EventStream } from '../stream/event-stream.ts'
import { Shutdown } from '../stream/shutdown.ts'
import { portOf, type StreamPort } from '../stream/stream-port.ts'
import { describe } from '../wire/describe.ts'
import { endDiagnostics, startDiagnostics } from './run-diagnostics.ts'
import { RunFeed } from './run-feed.ts'
import { RunFollower, type RunFollowerHost } from './run-follower.ts'
import { RunProducer } from './run-producer.ts'
import type { RunState } from './run-state.ts'
import type { RunClaim } from './run-store.ts'
import type { RunOptions, RunSource, Runs, RunsCloseOptions, RunsOptions, StartedRun } from './runs.ts'
import {
  checkRunId,
  type ResolvedRunsOptions,
  resolveRunOptions,
  resolveRunsCloseOptions,
  resolveRunsOptions,
} from './runs-options.ts'

/** Runs on a RunStore. */
export class StoreRuns implements Runs {
  readonly #options: ResolvedRunsOptions
  /** The runs of this process, each with the promise of its end. */
  readonly #producers = new Map<RunProducer, Promise<void>>()
  readonly #produced = new Map<string, RunProducer>()
  readonly #feeds = new Map<string, RunFeed>()
  readonly #followers = new Set<RunFollower>()
  /** Responses that are not finished. */
  readonly #ports = new Set<StreamPort>()
  readonly #host: RunFollowerHost
  /** Calls of start() that the store has not answered. */
  readonly #starting = new Set<Promise<StartedRun>>()
  #shutdown: Shutdown | undefined
  #closed: Promise<void> | undefined
  /** The store is closed and has no runs. */
  #storeClosed = false

  constructor(options: RunsOptions) {
    this.#options = resolveRunsOptions(options)
    this.#host = {
      names: this.#options.names,
      sendElsewhere: (port, id) => this.#sendElsewhere(port, id),
      remove: (follower) => this.#remove(follower),
    }
  }

  async start(id: string, source: RunSource, options: RunOptions = {}): Promise<StartedRun> {
    const started = this.#start(id, source, options)
    this.#starting.add(started)
    try {
      return await started
    } catch (error) {
      discardSource(source)
      throw error
    } finally {
      this.#starting.delete(started)
    }
  }

  follow(stream: EventStream, id: string): Promise<void> {
    const port = portOf(stream)
    if (port === undefined) {
      throw new SseError(
        'ERR_SSE_INVALID_OPTION',
        `follow(stream, id) takes the stream that res.sse() or reply.sse() returns without a source; got ${describe(stream)}.`,
      )
    }
    checkRunId(id)
    if (port.owned) {
      throw new SseError(
        'ERR_SSE_ALREADY_SUBSCRIBED',
        'This stream already follows a run or is subscribed to a hub. Open another stream: the ids of a stream are positions in one run or log.',
      )
    }
    if (stream.closed) return Promise.resolve()
    if (this.#storeClosed) {
      this.#shutdown?.end(port)
      return Promise.resolve()
    }
    const feed = this.#feedOf(id)
    const follower = new RunFollower(this.#host, stream, port, id, feed)
    port.attach(follower)
    port.keepIn(this.#ports)
    this.#followers.add(follower)
    follower.start()
    return follower.done
  }

  async stop(id: string): Promise<RunState | undefined> {
    checkRunId(id)
    return this.#options.store.stop(id)
  }

  async state(id: string): Promise<RunState | undefined> {
    checkRunId(id)
    return (await this.#options.store.read(id, undefined, 0))?.state
  }

  close(options: RunsCloseOptions = {}): Promise<void> {
    if (this.#closed !== undefined) return this.#closed
    const { drain, ...ends } = resolveRunsCloseOptions(options)
    const others = new Set<StreamPort>()
    for (const { port, id } of this.#followers) if (!this.#produces(id)) port.keepIn(others)
    const shutdown = new Shutdown(others, ends)
    this.#shutdown = shutdown
    this.#closed = this.#close(shutdown, drain, ends)
    return this.#closed
  }

  async #start(id: string, source: RunSource, options: RunOptions): Promise<StartedRun> {
    checkRunId(id)
    const run = resolveRunOptions(options)
    if (!isSource(source)) throw invalidSource(source)
    if (isResponse(source)) checkResponse(source)
    if (this.#closed !== undefined) throw closed()
    const { store, maxRuns } = this.#options
    if (this.#producers.size + this.#starting.size >= maxRuns && !this.#produces(id)) {
      throw new SseError(
        'ERR_SSE_TOO_MANY_RUNS',
        `${maxRuns} runs are in progress in this process. Answer 503, or raise maxRuns.`,
      )
    }
    const producer = new RunProducer(id, this.#options, run)
    const onRevoked = (why: 'stopped' | 'lost') => producer.revoke(why)
    const { ttl, maxBytes, replace } = run
    const { state, claim } = await store.start(id, { ttl, maxBytes, replace, onRevoked })
    if (claim === undefined) {
      discardSource(source)
      return { ...state, started: false }
    }
    if (this.#shutdown !== undefined) {
      await claim.end('stopped')
      throw closed()
    }
    this.#produced.set(id, producer)
    this.#producers.set(producer, this.#produce(producer, claim, source))
    return { ...state, started: true }
  }

  async #produce(producer: RunProducer, claim: RunClaim, source: RunSource): Promise<void> {
    const { id } = producer
    const start = clock.now()
    if (startDiagnostics.hasSubscribers) startDiagnostics.publish({ id })
    const status = await producer.produce(claim, source)
    if (endDiagnostics.hasSubscribers) endDiagnostics.publish({ id, status, duration: clock.now() - start })
    this.#producers.delete(producer)
    // A run that was replaced may end after the new one has started.
    if (this.#produced.get(producer.id) === producer) this.#produced.delete(producer.id)
  }

  async #close(others: Shutdown, drain: number, ends: Omit<RunsCloseOptions, 'drain'>): Promise<void> {
    const over = Promise.all(this.#producers.values())
    const waiting = new AbortController()
    await Promise.race([over, pause(drain, waiting.signal)])
    waiting.abort()
    for (const producer of this.#producers.keys()) {
      producer.stop('ERR_SSE_SHUTDOWN', 'The app is shutting down.')
    }
    await over
    await Promise.allSettled(this.#starting)
    this.#storeClosed = true
    await new Shutdown(this.#ports, ends).done
    await others.done
    await this.#options.store.close()
  }

  #sendElsewhere(port: StreamPort, id: string): boolean {
    if (this.#shutdown === undefined || this.#produces(id)) return false
    this.#shutdown.end(port)
    return true
  }

  #produces(id: string): boolean {
    return this.#produced.has(id)
  }

  #feedOf(id: string): RunFeed {
    const feed = this.#feeds.get(id) ?? new RunFeed(id, this.#options.store)
    this.#feeds.set(id, feed)
    return feed
  }

  #remove(follower: RunFollower): void {
    this.#followers.delete(follower)
    if (this.#feeds.get(follower.id)?.empty) this.#feeds.delete(follower.id)
  }
}

function closed(): SseError {
  return new SseError(
    'ERR_SSE_RUNS_CLOSED',
    'start() was called after close(). Stop taking requests, then close the runs.',
  )
}
