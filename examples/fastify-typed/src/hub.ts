import { createHub } from '@downstream/fastify'

export interface Ride {
  bike: number
  station: string
  /** How many bikes the station has now. Not by how many that has changed: so a page may apply an event twice. */
  bikes: number
  at: Date
}

/** The one declaration: `publish()` in the server and `on()` in the page are both checked against it. */
export const hub = createHub<{ bikes: { rented: Ride; returned: Ride } }>()
