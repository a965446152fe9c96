import type { RunPlace } from './run-store.ts'

const PLACE = /^([\da-z]{1,32})-(0|[1-9]\d{0,14})$/

/** The id of `unknown`, a place in no run: no attempt is `0`. */
export const NOWHERE = '0-0'

/** A place as an event's id. */
export function formatPlace({ attempt, number }: RunPlace): string {
  return `${attempt}-${number}`
}

/** The place that a client says it is at; undefined when that is none. */
export function parsePlace(lastEventId: string): RunPlace | undefined {
  const [, attempt, number] = PLACE.exec(lastEventId) ?? []
  return attempt === undefined ? undefined : { attempt, number: Number(number) }
}
