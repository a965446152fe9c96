import { createHub } from '@downstream/fastify'

export interface Ride {
  bike: number
  station: string
  at: Date
}

/** The one declaration: `publish()` in the server and `on()` in the page are both checked against it. */
export const hub = createHub<{ bikes: { rented: Ride; returned: Ride } }>()
