import { hub } from './hub.ts'

const names = ['Harbour', 'Market', 'University', 'Castle', 'Old mill']
/** The station of each bike; undefined: in use. */
const bikes: (string | undefined)[] = Array.from({ length: 30 }, (_, bike) => names[bike % names.length])

/** The hub's snapshot: how many bikes each station has. */
export function countBikes(): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name, bikesAt(name)]))
}

function bikesAt(name: string): number {
  return bikes.filter((station) => station === name).length
}

/** A customer takes a bike or returns one. */
export function ride(): void {
  const bike = Math.floor(Math.random() * bikes.length)
  const from = bikes[bike]
  const to = from === undefined ? names[Math.floor(Math.random() * names.length)] : undefined
  const event = to === undefined ? 'rented' : 'returned'
  const station = String(to ?? from)
  // Store first, then publish: otherwise a snapshot that is read in between would lack the ride for good.
  bikes[bike] = to
  hub.publish('bikes', { event, data: { bike, station, bikes: bikesAt(station), at: new Date() } })
}
