import { connect } from '@downstream/client'
import type { EventsOf } from '@downstream/fastify'
import type { hub } from '../src/hub.ts'
import { showState } from './show-state.js'

const maxRides = 12
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' })
const element = (id: string) => document.getElementById(id) as HTMLElement

let counts: Record<string, number> = {}

const state = await loadStations()
// One connection for all tabs: a browser opens at most six to a server, and the seventh tab would wait for ever.
const source = connect<EventsOf<typeof hub, 'bikes'>>('events', { after: state.cursor, share: true })

source.on('rented', ({ bike, station, at }) => {
  change(station, -1)
  addRide(`Bike ${bike} leaves ${station}`, at)
})
source.on('returned', ({ bike, station, at }) => {
  change(station, 1)
  addRide(`Bike ${bike} is back: ${station}`, at)
})
// Events are missing: the server was restarted, or this page was offline for too long.
source.on('gap', ({ delay }) => setTimeout(() => location.reload(), delay))
source.onState(showState)

async function loadStations(): Promise<{ cursor: string; stations: Record<string, number> }> {
  const response = await fetch('bikes')
  const state = await response.json()
  counts = state.stations
  showStations()
  return state
}

function change(station: string, by: number): void {
  counts[station] = (counts[station] ?? 0) + by
  showStations()
}

function showStations(): void {
  const items = Object.entries(counts).map(([name, bikes]) => {
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
