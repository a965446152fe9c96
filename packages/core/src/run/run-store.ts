import type { RunState } from './run-state.ts'

/**
 * One start of a run: 1 to 32 characters of `[\da-z]`, and never `0`. A store MUST NOT use the same one twice, whatever
 * was deleted, evicted or restarted in between: clients reconnect with it.
 */
export type RunAttempt = string

/** A position in a run: directly after event `number` of `attempt`. 0 is the beginning. */
export interface RunPlace {
  readonly attempt: RunAttempt
  readonly number: number
}

/** The options of a run that starts. */
export interface NewRun {
  /** How many ms after its end the run can be read. An integer. */
  readonly ttl: number
  /**
   * The size of all events, in bytes, beyond which the oldest are dropped, never the newest. A store MAY hold up to
   * twice as many. An integer.
   */
  readonly maxBytes: number
  /** Start again if the run with this id has ended. A running one is never replaced. */
  readonly replace: boolean
  /**
   * MUST be called once when the claim is lost before its `end()`: with `stopped` after a `stop()`, in any process;
   * with `lost` when the store can no longer be sure that this process is the only producer. It does not throw, and
   * returns when the producer was asked to stop. MUST NOT be called after `end()` was called.
   */
  onRevoked(why: 'stopped' | 'lost'): void
}

/** The right of one process to be the only producer of an attempt, for as long as the store renews its lease. */
export interface RunClaim {
  readonly attempt: RunAttempt
  /**
   * False while the store knows that the run has no followers: the caller then collects events for a few ms and adds many
   * at once. Default: true.
   */
  readonly watched?: boolean
  /**
   * Adds events, numbered from 1 in the order of the calls. Each is the text of one event as {@link encodeEvent}
   * returns it, without an id. MUST resolve once all of them are stored; while the store cannot be reached it MAY wait,
   * for a bounded time. MUST reject and store nothing when the claim is lost (fencing); the store decides that, not the
   * clock of this process. MUST NOT leave a hole: after a failed append, every later one MUST fail. The caller waits
   * for one append before it calls the next.
   */
  append(events: readonly string[]): Promise<void>
  /**
   * Ends the run. MUST reject and change nothing when the claim is lost. MUST reject if the end is not stored; the store
   * then ends the run later, or it becomes `lost`, even if its process continues.
   */
  end(status: 'done' | 'stopped' | 'failed'): Promise<void>
}

/** The run that `start` found or created. */
export interface RunStart {
  readonly state: RunState
  /** Set only if this call started the run. */
  readonly claim?: RunClaim
}

/** A piece of a run. */
export interface RunReading {
  readonly attempt: RunAttempt
  /** The run at the moment of the reading: MUST NOT be older than `events`. */
  readonly state: RunState
  /** The number of the first of `events`. If there are none, that of the next event to be added or read. */
  readonly first: number
  /** Consecutive, oldest first. */
  readonly events: readonly string[]
}

/** Called when a run has changed, with what is new in it, if that is known. MUST NOT throw. */
export type RunListener = (news?: RunReading) => void

/**
 * Stores runs. `MemoryRunStore` keeps them in this process; other implementations share them between processes.
 * `runStoreSuite` of the testing package checks whether an implementation fulfills the contract.
 *
 * Correctness rests on `start`, `read` and the claim alone. Calls of a listener are hints: a follower that is called
 * with fewer events than there are reads the rest.
 */
export interface RunStore {
  /**
   * Starts the run `id` and claims it, in one step: of two simultaneous calls, in any two processes, only one MUST get
   * the claim. MUST start nothing if there is a run with this id, unless it has ended and `replace` is set; a run whose
   * lease has expired has ended as `lost`. A run that replaces another has a new attempt, and the old events are
   * dropped.
   */
  start(id: string, run: NewRun): Promise<RunStart>
  /**
   * The events after `place`, at most `limit`, with the state of the run; undefined if there is no run with this id, or
   * no longer. MUST begin with the oldest stored event if `place` is undefined or of another attempt, or if the events
   * after it were dropped. If `place` is at or beyond the end, MUST answer without events, and with `first` after the
   * last event. A run whose lease has expired MUST read as `lost`, for every reader from then on. `limit` 0 asks only
   * for the state. Rejects while the store cannot be reached.
   */
  read(id: string, place: RunPlace | undefined, limit: number): Promise<RunReading | undefined>
  /**
   * Calls `listener` after every change of the run `id` that happens after `follow` has returned: events, its end (also
   * as `lost`, within the lease), another attempt. MUST call it in the order of the changes, and MUST NOT call it
   * before `read` shows the change. A store that receives changes only some time after `follow` has returned MUST call
   * it once at that moment, and once after every time in which it received none. `news` is never required; if it is
   * given, it MUST be what `read` would answer from its position on. `id` need not exist.
   *
   * @returns a function after which `listener` is not called again
   */
  follow(id: string, listener: RunListener): () => void
  /**
   * Ends the run `id` as `stopped`, at once for all followers, whether its producer is alive or not. Resolves with its
   * state when `onRevoked` has returned in the producer's process, or its lease has expired. If the run has ended, MUST
   * change nothing and resolve with its state; with undefined if there is none.
   */
  stop(id: string): Promise<RunState | undefined>
  /**
   * MUST release all that the store has opened, and give up claims that are still held: `onRevoked` is called with
   * `lost`. A later `start` MUST reject.
   */
  close(): Promise<void>
}
