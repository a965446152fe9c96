/**
 * What has become of a run:
 * - `running`: its source is being read
 * - `done`: its source came to its end
 * - `stopped`: by `stop()`, by `maxAge` or by a shutdown
 * - `failed`: its source threw, or sent what cannot be sent on
 * - `lost`: its process died, or lost its place to write
 */
export type RunStatus = 'running' | 'done' | 'stopped' | 'failed' | 'lost'

/** A run, in numbers. */
export interface RunState {
  readonly id: string
  readonly status: RunStatus
  /** Events of the run so far, those that `maxBytes` has dropped included. */
  readonly events: number
  /** UTF-8 bytes of those events as they are stored. */
  readonly bytes: number
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** Milliseconds since the epoch; set when the run has ended. */
  readonly endedAt?: number
}
