import { connect } from '@downstream/client'
import type { EventsOf } from '@downstream/fastify'
import type { countBikes } from '../src/city.ts'
import type { hub } from '../src/hub.ts'
import { showState } from './show-state.js'

const maxRides = 12
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' })
const element = (id: string) => document.getElementById(id) as HTMLElement

let stations: Record<string, number> = {}

// One connection for all tabs: a browser opens at most six to a server, and the seventh tab would wait forever.
const source = connect<EventsOf<typeof hub, 'bikes', typeof countBikes>>('events', { share: true })

source.on('snapshot', ({ bikes = {} }) => showStations(bikes))
source.on('rented', ({ bike, station, bikes, at }) => {
  showStations({ ...stations, [station]: bikes })
  addRide(`Bike ${bike} leaves ${station}`, at)
})
source.on('returned', ({ bike, station, bikes, at }) => {
  showStations({ ...stations, [station]: bikes })
  addRide(`Bike ${bike} is back: ${station}`, at)
})
source.onState(showState)

function showStations(newStations: Record<string, number>): void {
  stations = newStations
  const items = Object.entries(stations).map(([name, bikes]) => {
    const item = document.createElement('li')
    item.append(name, ' ', Object.assign(document.createElement('b'), { textContent: bikes }))
    return item
  })
  element('stations').replaceChildren(...items)
}

/** @param at - a Date in the server, and text here: `EventsOf` knows what JSON does */
function addRide(text: string, at: string): void {
  const item = document.createElement('li')
  const time = Object.assign(document.createElement('time'), {
    dateTime: at,
    textContent: clock.format(new Date(at)),
  })
  item.append(time, ' ', text)
  const rides = element('rides')
  rides.prepend(item)
  while (rides.children.length > maxRides) rides.lastElementChild?.remove()
}
