import { hub } from '../hub.ts'
import { every } from '../tempo.ts'

interface Tick {
  /** 1, 2, 3 …, so that a page notices if one is missing. */
  number: number
  time: string
}

export type ClockEvents = { time: Tick }

// #region clock
let number = 0

export function startClock(): void {
  every(1000, () => {
    hub.publish('clock', { event: 'time', data: { number: ++number, time: new Date().toISOString() } })
  })
}
// #endregion
