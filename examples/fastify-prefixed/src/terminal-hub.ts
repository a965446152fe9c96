import { createHub, type Hub } from '@downstream/fastify'

export interface Departure {
  time: string
  to: string
  status: 'on time' | 'delayed' | 'boarding' | 'departed'
}

export interface Message {
  number: number
  text: string
}

/** What the hook of the crew's events has counted. */
export interface Door {
  ran: number
  refused: number
  opened: number
}

export type TerminalHub = Hub<{
  departures: { board: readonly Departure[] }
  crew: { message: Message }
  door: { door: Door }
}>

export function createTerminalHub(): TerminalHub {
  return createHub()
}
