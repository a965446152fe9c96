import type { Departure, Message } from './terminal-hub.ts'

const islands = ['Skerry', 'North Isle', 'Gull Rock', 'Lower Sound', 'Saint Brendan']
const calls = [
  'Mooring crew to',
  'Two cars are booked for',
  'Life jackets counted for',
  'Gangway is down for',
]
const length = 5

/** The next ferries, and the messages about them to the crew. */
export class Timetable {
  /** The ferries of today, the next one first. Changed in place. */
  readonly board: Departure[] = []
  #minutes = 9 * 60
  #messages = 0

  constructor() {
    while (this.board.length < length) this.#add()
  }

  /** Something happens to one of the ferries. */
  tick(): Message {
    const [next] = this.board as [Departure]
    if (next.status === 'departed') {
      this.board.shift()
      this.#add()
    } else if (next.status === 'boarding') next.status = 'departed'
    else next.status = 'boarding'
    const late = this.board[2 + Math.floor(Math.random() * 2)] as Departure
    if (Math.random() < 0.2) late.status = 'delayed'

    const number = ++this.#messages
    const about = this.board[number % 2] as Departure
    return { number, text: `${calls[number % calls.length]} the ${about.time} to ${about.to}` }
  }

  #add(): void {
    this.#minutes = (this.#minutes + 20) % (24 * 60)
    const [hours, minutes] = [Math.floor(this.#minutes / 60), this.#minutes % 60].map((part) =>
      String(part).padStart(2, '0'),
    )
    const to = islands[(this.#minutes / 20) % islands.length] as string
    this.board.push({ time: `${hours}:${minutes}`, to, status: 'on time' })
  }
}
