import { hub } from './hub.ts'

const names = ['Harbour', 'Market', 'University', 'Castle', 'Old mill']
/** The station of each bike; undefined: in use. */
const bikes: (string | undefined)[] = Array.from({ length: 30 }, (_, bike) => names[bike % names.length])

/** How many bikes each station has. */
export function countBikes(): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name, bikes.filter((station) => station === name).length]))
}

/** A customer takes a bike or returns one. */
export function ride(): void {
  const bike = Math.floor(Math.random() * bikes.length)
  const from = bikes[bike]
  const to = from === undefined ? names[Math.floor(Math.random() * names.length)] : undefined
  // The state first, then the event: a page that reads the state in between sees the event twice instead of missing it.
  bikes[bike] = to
  const event = to === undefined ? 'rented' : 'returned'
  hub.publish('bikes', { event, data: { bike, station: String(to ?? from), at: new Date() } })
}
