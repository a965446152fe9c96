import type { EventSourceLike } from '../source/source.ts'
import type { EventStream } from '../stream/event-stream.ts'
import type { CloseOptions } from '../stream/shutdown.ts'
import type { Serialize } from '../wire/encode.ts'
import type { RunControlEvents } from './run-control-event.ts'
import type { RunState } from './run-state.ts'
import type { RunStore } from './run-store.ts'

/** How runs behave; none is needed. */
export interface RunsOptions {
  /** Where the runs are kept. Default: a `MemoryRunStore`, for one process. */
  store?: RunStore | undefined
  /** Names of the events that are sent besides those of the source. Default: `end` and `gap`. `end: false`: no end event. */
  controlEvents?: Partial<RunControlEvents> | undefined
  /** Text of data that is not a string. Default: JSON. */
  serialize?: Serialize | undefined
  /**
   * Called with the error of a source that fails, or of a store that no longer accepts its events. Clients do not see it
   * of it. Default: a process warning.
   */
  onError?: ((error: unknown, id: string) => void) | undefined
  /** How many runs may be going at once in this process; beyond it `start` rejects. Default: 10 000. */
  maxRuns?: number | undefined
}

/** How one run behaves. */
export interface RunOptions {
  /** For how many ms it can be followed after its end. Default: 600 000, ten minutes. */
  ttl?: number | undefined
  /**
   * How many UTF-8 bytes of its events are stored. The oldest beyond them are dropped, and a client that needs them gets
   * by a `gap`. An event larger than this fails the run. Default: 4 MiB (4 194 304).
   */
  maxBytes?: number | undefined
  /** A run that takes longer than this many ms is stopped. Default: 3 600 000, one hour. */
  maxAge?: number | undefined
  /** Start anew when a run of this id has ended. One that is running is never replaced. Default: false. */
  replace?: boolean | undefined
}

/** How {@link Runs.close} ends. */
export interface RunsCloseOptions extends Pick<CloseOptions, 'retry' | 'abruptEnd'> {
  /** For how many ms the runs of this process may continue. Default: 0. */
  drain?: number | undefined
}

/** What the source of a run is given. */
export interface RunContext {
  readonly id: string
  /**
   * Aborts when the run is over before its source is. `signal.reason.code` is `ERR_SSE_RUN_STOPPED`, `ERR_SSE_RUN_LOST`
   * or `ERR_SSE_SHUTDOWN`; else the run failed, and the reason is why.
   */
  readonly signal: AbortSignal
}

/** Where the events of a run come from: what `sse()` takes, a `Response` included, or a function that returns it. */
export type RunSource =
  | EventSourceLike
  | ((context: RunContext) => EventSourceLike | Promise<EventSourceLike>)

/** What {@link Runs.start} has found or made. */
export interface StartedRun extends RunState {
  /** False: a run of this id was there, and the source is not used. */
  readonly started: boolean
}

/**
 * Runs: answers and jobs that continue whether or not anybody follows them. A client that disconnects never stops one,
 * and one that reconnects continues after its last event. Only the end of its source, `stop()`, `maxAge` and a shutdown end it.
 */
export interface Runs {
  /**
   * Starts the run `id`, unless there is one: then nothing starts, and `source` is stopped. Resolves once the store has
   * it, not at its end.
   *
   * Events of a source have no ids of their own: the id is the place in the run.
   *
   * @throws SseError (the promise rejects) ERR_SSE_INVALID_RUN_ID, ERR_SSE_INVALID_OPTION, ERR_SSE_INVALID_SOURCE,
   * ERR_SSE_TOO_MANY_RUNS, ERR_SSE_RUNS_CLOSED, and what the store rejects with
   */
  start(id: string, source: RunSource, options?: RunOptions): Promise<StartedRun>

  /**
   * Sends the events of the run `id`: from its beginning or after the client's `Last-Event-ID`, then live, then its end;
   * then closes the stream. Resolves when the stream is over. Never rejects.
   *
   * @throws SseError synchronously, ERR_SSE_INVALID_RUN_ID, ERR_SSE_INVALID_OPTION, ERR_SSE_ALREADY_SUBSCRIBED
   */
  follow(stream: EventStream, id: string): Promise<void>

  /**
   * Stops the run `id`, in whatever process it is: its signal aborts, followers receive the end. Resolves with its state
   * when its producer was asked to stop, or is known to be lost. Changes nothing when it has ended; undefined: there is none.
   */
  stop(id: string): Promise<RunState | undefined>

  /** The run `id`; undefined when there is none, or no more. */
  state(id: string): Promise<RunState | undefined>

  /**
   * Lets the runs of this process end for `drain` ms, then stops them. Followers of other processes' runs are told to
   * reconnect, at once. Then closes the store. Resolves when all responses are finished.
   *
   * @throws SseError synchronously, ERR_SSE_INVALID_OPTION
   */
  close(options?: RunsCloseOptions): Promise<void>
}
