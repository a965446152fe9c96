import type { EventSourceLike } from '../source/source.ts'
import type { EventStream } from '../stream/event-stream.ts'
import type { CloseOptions } from '../stream/shutdown.ts'
import type { Serialize } from '../wire/encode.ts'
import type { RunControlEvents } from './run-control-event.ts'
import type { RunState } from './run-state.ts'
import type { RunStore } from './run-store.ts'

/** Options of {@link Runs}, all of them optional. */
export interface RunsOptions {
  /** Where runs are stored. Default: a `MemoryRunStore`, for one process. */
  store?: RunStore | undefined
  /**
   * Names of the events that are sent besides those of the source. Default: `end` and `gap`. `end: false` sends no end
   * event.
   */
  controlEvents?: Partial<RunControlEvents> | undefined
  /** Converts data that is not a string to text. Default: `JSON.stringify`. */
  serialize?: Serialize | undefined
  /**
   * Called with the error of a source that fails, or of a store that no longer accepts its events. Clients do not see
   * the error. Default: a process warning.
   */
  onError?: ((error: unknown, id: string) => void) | undefined
  /** The maximum number of runs that this process produces at once; beyond it `start` rejects. Default: 10 000. */
  maxRuns?: number | undefined
}

/** Options of one run. */
export interface RunOptions {
  /** How many ms after its end a run can be followed. Default: 600 000, ten minutes. */
  ttl?: number | undefined
  /**
   * How many UTF-8 bytes of its events are stored. Beyond that the oldest are dropped, and a client that needs them
   * receives a `gap`. An event larger than this fails the run. Default: 4 MiB (4 194 304).
   */
  maxBytes?: number | undefined
  /** A run that takes longer than this many ms is stopped. Default: 3 600 000, one hour. */
  maxAge?: number | undefined
  /** Start again if a run with this id has ended. A running one is never replaced. Default: false. */
  replace?: boolean | undefined
}

/** Options of {@link Runs.close}. */
export interface RunsCloseOptions extends Pick<CloseOptions, 'retry' | 'abruptEnd'> {
  /** How many ms the runs of this process may continue. Default: 0. */
  drain?: number | undefined
}

/** The argument of a source that is a function. */
export interface RunContext {
  readonly id: string
  /**
   * Aborts when the run ends before its source does. `signal.reason.code` is `ERR_SSE_RUN_STOPPED`, `ERR_SSE_RUN_LOST`
   * or `ERR_SSE_SHUTDOWN`; otherwise the run failed, and the reason is the error.
   */
  readonly signal: AbortSignal
}

/**
 * The source of a run's events: anything that `sse()` accepts, including a `Response`, or a function that returns it.
 */
export type RunSource =
  | EventSourceLike
  | ((context: RunContext) => EventSourceLike | Promise<EventSourceLike>)

/** The run that {@link Runs.start} found or started. */
export interface StartedRun extends RunState {
  /** False if a run with this id exists; the source is then not used. */
  readonly started: boolean
}

/**
 * Runs: answers and jobs that continue with or without followers. A client that disconnects never stops a
 * run, and a client that reconnects continues after its last event. A run ends only with its source, by `stop()`, by
 * `maxAge` or by a shutdown.
 */
export interface Runs {
  /**
   * Starts the run `id`, unless it exists: then nothing starts, and `source` is stopped. Resolves once the store has
   * the run, not when it ends.
   *
   * Events of a source have no ids of their own: an event's id is its position in the run.
   *
   * @throws SseError (the promise rejects) ERR_SSE_INVALID_RUN_ID, ERR_SSE_INVALID_OPTION, ERR_SSE_INVALID_SOURCE,
   *   ERR_SSE_TOO_MANY_RUNS, ERR_SSE_RUNS_CLOSED, or the store's error
   */
  start(id: string, source: RunSource, options?: RunOptions): Promise<StartedRun>

  /**
   * Sends the events of the run `id`, from its beginning or after the client's `Last-Event-ID`: the stored ones, then
   * live ones, then the end event. Then it closes the stream. Resolves when the stream has ended. Never rejects.
   *
   * @throws SseError synchronously, ERR_SSE_INVALID_RUN_ID, ERR_SSE_INVALID_OPTION, ERR_SSE_ALREADY_SUBSCRIBED
   */
  follow(stream: EventStream, id: string): Promise<void>

  /**
   * Stops the run `id`, in whichever process it runs: its signal aborts, and followers receive the end event. Resolves
   * with its state when its producer was asked to stop, or is known to be lost. If it has ended, nothing changes.
   * Undefined: there is no such run.
   *
   * @throws SseError (the promise rejects) ERR_SSE_INVALID_RUN_ID, or the store's error
   */
  stop(id: string): Promise<RunState | undefined>

  /**
   * The state of the run `id`; undefined if there is no such run, or no longer.
   *
   * @throws SseError (the promise rejects) ERR_SSE_INVALID_RUN_ID, or the store's error
   */
  state(id: string): Promise<RunState | undefined>

  /**
   * Lets the runs of this process continue for `drain` ms, then stops them. Streams that follow runs of other processes
   * end at once, so that their clients reconnect. Then the store is closed. Resolves when all responses are finished.
   *
   * @throws SseError synchronously, ERR_SSE_INVALID_OPTION
   */
  close(options?: RunsCloseOptions): Promise<void>
}
