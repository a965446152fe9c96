import { createHub } from '@downstream/express'

export interface Tally {
  /** How many votes each answer has. */
  votes: Record<string, number>
}

/** Put your database here. */
const votes: Tally['votes'] = { Cinema: 0, Bowling: 0, Museum: 0, Pizza: 0 }

/** `publish()` here and `useEvents()` in the page are both checked against this declaration. */
export const hub = createHub<{ poll: { tally: Tally } }>()

/** The state of the poll. One function for all pages: a call serves all of those that connect within a second. */
export function readTally(): Tally {
  return { votes }
}

/** Counts a vote and sends the new tally to all pages. Returns false if there is no such answer. */
export function vote(answer: string): boolean {
  if (!Object.hasOwn(votes, answer)) return false
  votes[answer] = (votes[answer] ?? 0) + 1
  hub.publish('poll', { event: 'tally', data: { votes } })
  return true
}
