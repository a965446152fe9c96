/**
 * The status of a run:
 * - `running`: its source is being read
 * - `done`: its source ended
 * - `stopped`: by `stop()`, by `maxAge` or by a shutdown
 * - `failed`: its source threw, or yielded something that cannot be sent
 * - `lost`: its process died, or lost its right to write
 */
export type RunStatus = 'running' | 'done' | 'stopped' | 'failed' | 'lost'

/** A run in numbers. */
export interface RunState {
  readonly id: string
  readonly status: RunStatus
  /** Events of the run so far, including those that `maxBytes` has dropped. */
  readonly events: number
  /** UTF-8 bytes of those events as they are stored. */
  readonly bytes: number
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** Milliseconds since the epoch; set when the run has ended. */
  readonly endedAt?: number
}
