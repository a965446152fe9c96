import { encodeEvent } from '../wire/encode.ts'
import type { RunStatus } from './run-state.ts'

/** Names of the events that a run sends besides those of its source. */
export interface RunControlEvents {
  /** Data: `{ status }`. */
  end: string | false
  /** Data: `{ reason }`, a {@link RunGapReason}. */
  gap: string
}

/**
 * Why a client does not continue after its last event:
 * - `expired`: the oldest events were dropped; it continues with the oldest stored event
 * - `restarted`: the run was started again; all events of the new attempt follow
 * - `malformed`: its last event ID is not a position in the run; all events follow
 */
export type RunGapReason = 'expired' | 'restarted' | 'malformed'

/** The event at the end of a run; `unknown` if there is no such run. */
export function encodeRunEnd(
  event: string | false,
  status: Exclude<RunStatus, 'running'> | 'unknown',
  id: string,
): string {
  return event === false ? '' : encodeEvent({ event, id, data: { status } })
}

/** A `gap` event. Its id is the position before the events that follow, so that a client receives the gap only once. */
export function encodeRunGap(event: string, reason: RunGapReason, id: string): string {
  return encodeEvent({ event, id, data: { reason } })
}
