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
 * Why a client does not go on where it was:
 * - `expired`: the oldest events were dropped; it goes on with the oldest that are held
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

/** Its id is the place from which events follow, so that a client is told once. */
export function encodeRunGap(event: string, reason: RunGapReason, id: string): string {
  return encodeEvent({ event, id, data: { reason } })
}
