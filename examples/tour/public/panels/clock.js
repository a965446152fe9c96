import { element } from '../element.js'
import { follow } from '../page-stream.js'

const clock = new Intl.DateTimeFormat('en', { timeStyle: 'medium', hourCycle: 'h23' })
const calendar = new Intl.DateTimeFormat('en', { dateStyle: 'full' })
const button = element('clock-button')

let last
let missing = 0

export const channel = 'clock'

export const events = {
  time(event) {
    const { number, time } = JSON.parse(event.data)
    if (last !== undefined) missing += number - last - 1
    last = number
    const date = new Date(time)
    element('clock-time').textContent = clock.format(date)
    element('clock-time').dateTime = time
    element('clock-date').textContent = calendar.format(date)
    element('clock-tick').textContent = `Tick ${number}, ${missing === 0 ? 'none' : missing} missing`
  },
}

export function load() {
  last = undefined
}

button.onclick = () => {
  const wanted = button.textContent === 'Start'
  button.textContent = wanted ? 'Stop' : 'Start'
  element('clock-time').classList.toggle('stopped', !wanted)
  // Its ticks in the meantime are not requested, so they are not missing.
  last = undefined
  follow(channel, wanted)
}
