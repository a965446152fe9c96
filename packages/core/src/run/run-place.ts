import type { RunPlace } from './run-store.ts'

const PLACE = /^([\da-z]{1,32})-(0|[1-9]\d{0,14})$/

/** The id of the `unknown` event. It is a position in no run, because no attempt is `0`. */
export const UNKNOWN_RUN_ID = '0-0'

/** A position as an event's id. */
export function formatPlace({ attempt, number }: RunPlace): string {
  return `${attempt}-${number}`
}

/** The position that a client sent as its last event ID; undefined if it is not one. */
export function parsePlace(lastEventId: string): RunPlace | undefined {
  const [, attempt, number] = PLACE.exec(lastEventId) ?? []
  return attempt === undefined ? undefined : { attempt, number: Number(number) }
}
