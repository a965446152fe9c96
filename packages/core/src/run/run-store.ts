import type { RunState } from './run-state.ts'

/**
 * One start of a run. `[\da-z]`, 1 to 32 of them, and never `0`. A store MUST NOT give the same one twice, whatever was
 * deleted, evicted or restarted in between: clients reconnect with it.
 */
export type RunAttempt = string

/** A place in a run: directly after event `number` of `attempt`. 0 is its beginning. */
export interface RunPlace {
  readonly attempt: RunAttempt
  readonly number: number
}

/** What is asked for when a run starts. */
export interface NewRun {
  /** For how many ms after its end the run can be read. An integer. */
  readonly ttl: number
  /** How many bytes of events are held at least; the oldest beyond them are dropped. An integer. */
  readonly maxBytes: number
  /** Start anew when the run of this id has ended. One that is running is never replaced. */
  readonly replace: boolean
  /**
   * MUST be called once when the claim is gone before its `end()`: `stopped` after a `stop()`, in any process; `lost`
   * when the store can no longer be sure that this process is the only producer. It does not throw, and returns when
   * the producer was asked to stop. MUST NOT be called once `end()` was called.
   */
  onRevoked(why: 'stopped' | 'lost'): void
}

/** The right of one process to be the only producer of an attempt, for as long as the store renews its lease. */
export interface RunClaim {
  readonly attempt: RunAttempt
  /**
   * False while the store knows that nobody follows the run: the caller then gathers events for a few ms, and adds many at
   * once. Default: true.
   */
  readonly watched?: boolean
  /**
   * Adds events, numbered from 1 in the order of the calls. Each is the text of one event as {@link encodeEvent} gives
   * it, without an id. MUST resolve once they are stored, all of them; while the engine is away it MAY wait, for a
   * bounded time. MUST reject and store nothing when the claim is gone (fencing): not the clock of this process but the
   * store decides that. MUST NOT leave a hole: when an append has failed, every later one MUST fail. The caller waits
   * for one append before it calls the next.
   */
  append(events: readonly string[]): Promise<void>
  /** Ends the run. MUST reject and change nothing when the claim is gone. */
  end(status: 'done' | 'stopped' | 'failed'): Promise<void>
}

/** What `start` found or made. */
export interface RunStart {
  readonly state: RunState
  /** Only when this call has started the run. */
  readonly claim?: RunClaim
}

/** A piece of a run. */
export interface RunReading {
  readonly attempt: RunAttempt
  /** The run, at the moment of the reading: MUST NOT be older than `events`. */
  readonly state: RunState
  /** The number of the first of `events`; when there is none, that of the next event to come or to be read. */
  readonly first: number
  /** Consecutive, oldest first. */
  readonly events: readonly string[]
}

/** Tells that a run has changed; where it is at hand, what is new in it. MUST NOT throw. */
export type RunListener = (news?: RunReading) => void

/**
 * Where runs are kept. `MemoryRunStore` keeps them in this process; others share them between several. `runStoreSuite`
 * of the testing package says whether an implementation keeps the contract.
 *
 * Correctness rests on `start`, `read` and the claim alone. Calls of `follow` are hints: a follower that was called for
 * less than there is reads the rest.
 */
export interface RunStore {
  /**
   * Starts the run `id` and claims it, in one step: of two calls at once, in any two processes, MUST one only get the
   * claim. MUST start nothing when there is a run of this id already, unless it has ended and `replace` is set; a run
   * whose lease is over has ended as `lost`. A run that replaces another has a new attempt, and the old one's events
   * are dropped.
   */
  start(id: string, run: NewRun): Promise<RunStart>
  /**
   * The events after `place`, at most `limit`, with the state of the run; undefined when there is no run of this id, or
   * no more. MUST begin with the oldest event held when `place` is undefined, when it is of another attempt, and when
   * what follows it was dropped. MUST answer with `first` after the last event and none when `place` is at or beyond the
   * end. A run whose lease is over MUST read as `lost`, for every reader from then on. With `limit` 0 it is the state
   * that is asked for. Rejects while the engine is away.
   */
  read(id: string, place: RunPlace | undefined, limit: number): Promise<RunReading | undefined>
  /**
   * Calls `listener` after every change of the run `id` that happens once `follow` has returned: events, its end, also
   * as `lost` (within the lease), another attempt. MUST call it in the order of the changes, and MUST NOT call it before
   * `read` shows the change. A store that learns of changes only some time after `follow` has returned MUST call it
   * once when that is so, and once again after every time in which it did not hear. `news` is never required; where
   * it is given it MUST be what `read` would answer from its place on. `id` need not exist.
   *
   * @returns ends it: no call after that
   */
  follow(id: string, listener: RunListener): () => void
  /**
   * Ends the run `id` as `stopped`, at once for all followers, whether its producer lives or not. Resolves with its state
   * when `onRevoked` has returned in the producer's process, or its lease is over. MUST change nothing when the run has
   * ended, and resolve with its state; with undefined when there is none.
   */
  stop(id: string): Promise<RunState | undefined>
  /** MUST let go of all that the store has opened. Claims that are still held are given up. */
  close(): Promise<void>
}
