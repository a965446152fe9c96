import { encodeEvent } from '../wire/encode.ts'
import type { RunStatus } from './run-state.ts'

/** Names of the events that a run has besides those of its source. */
export interface RunControlEvents {
  /** Data: `{ status }`. */
  end: string | false
  /** Data: `{ reason }`, a {@link RunGapReason}. */
  gap: string
}

/**
 * Why a client does not continue after its last event:
 * - `expired`: the oldest events were dropped; it continues with the oldest that are stored
 * - `restarted`: the run was started anew; its events follow from the beginning
 * - `malformed`: its last event ID is no place in the run; the events follow from the beginning
 */
export type RunGapReason = 'expired' | 'restarted' | 'malformed'

/** The end of a run; `unknown` when there is none. */
export function encodeRunEnd(
  event: string | false,
  status: Exclude<RunStatus, 'running'> | 'unknown',
  id: string,
): string {
  return event === false ? '' : encodeEvent({ event, id, data: { status } })
}

/** Its id is the position from which events follow, so that a client gets it once. */
export function encodeRunGap(event: string, reason: RunGapReason, id: string): string {
  return encodeEvent({ event, id, data: { reason } })
}
