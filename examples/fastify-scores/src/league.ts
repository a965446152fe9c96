export interface Match {
  /** The id of its pitch, which has one match after another. */
  id: number
  round: number
  /** Home and away. */
  teams: [string, string]
  goals: [number, number]
  /** What the match's clock says: 12′, Half-time … */
  clock: string
  /** The newest last. */
  incidents: Incident[]
}

export interface Incident {
  /** Unique in the league, so that an incident that arrives twice is recognized. */
  id: number
  type: 'kick-off' | 'goal' | 'card' | 'end'
  minute: number
  text: string
  /** After it: Riverside 1–0 Westfield. */
  result: string
}

type Listener = (match: Match, incident: Incident | undefined) => void

const teams = [
  'Harbour Town',
  'Mill United',
  'Northgate',
  'Old Docks',
  'Castle Hill',
  'Riverside',
  'Saint Anne’s',
  'Westfield',
]
const players = [
  'Lund',
  'Okafor',
  'Marsh',
  'Silva',
  'Novak',
  'Haas',
  'Costa',
  'Berg',
  'Diallo',
  'Wren',
  'Ito',
]

/** Four random matches at a time. A tick is a minute of play. */
export class League {
  readonly matches: Match[]
  readonly #pause: number
  readonly #onChange: Listener
  /** The minute of each match; below 1: it has not begun. */
  readonly #minutes: number[] = []
  #incidents = 0

  /** @param pause - minutes between the end of the last match and the next round */
  constructor(pause: number, onChange: Listener) {
    this.#pause = pause
    this.#onChange = onChange
    this.matches = [1, 2, 3, 4].map((id) => ({
      id,
      round: 0,
      teams: ['', ''],
      goals: [0, 0],
      clock: '',
      incidents: [],
    }))
    this.#draw(0)
  }

  tick(): void {
    for (const match of this.matches) this.#play(match)
    if (this.#minutes.every((minute) => minute > 95 + this.#pause)) this.#draw(3)
  }

  /** The pairings of the next round. They do not all begin in the same minute. */
  #draw(delay: number): void {
    const urn = [...teams]
    const draw = () => urn.splice(Math.floor(Math.random() * urn.length), 1)[0] as string
    for (const [index, match] of this.matches.entries()) {
      match.round++
      match.teams = [draw(), draw()]
      match.goals = [0, 0]
      match.clock = 'Soon'
      match.incidents = []
      this.#minutes[index] = -delay - 4 * index
      this.#onChange(match, undefined)
    }
  }

  /** One more minute: 1 to 45, five of half-time, 46 to 90. */
  #play(match: Match): void {
    const elapsed = (this.#minutes[match.id - 1] as number) + 1
    this.#minutes[match.id - 1] = elapsed
    if (elapsed < 1 || elapsed > 95) return
    const minute = elapsed <= 45 ? elapsed : Math.max(45, elapsed - 5)
    match.clock = elapsed > 45 && elapsed <= 50 ? 'Half-time' : `${minute}′`
    if (elapsed === 1) this.#report(match, 'kick-off', minute, 'Kick-off')
    if (elapsed === 95) {
      match.clock = 'Full time'
      this.#report(match, 'end', minute, 'Full time')
    } else if (match.clock !== 'Half-time') this.#chance(match, minute)
    this.#onChange(match, undefined)
  }

  #chance(match: Match, minute: number): void {
    const luck = Math.random()
    if (luck > 0.06) return
    const side = Math.random() < 0.55 ? 0 : 1
    const player = players[Math.floor(Math.random() * players.length)]
    if (luck < 0.035) {
      match.goals[side]++
      this.#report(match, 'goal', minute, `Goal: ${player}, ${match.teams[side]}`)
    } else this.#report(match, 'card', minute, `Card: ${player}, ${match.teams[side]}`)
  }

  #report(match: Match, type: Incident['type'], minute: number, text: string): void {
    const result = `${match.teams[0]} ${match.goals.join('–')} ${match.teams[1]}`
    const incident = { id: ++this.#incidents, type, minute, text, result }
    match.incidents.push(incident)
    this.#onChange(match, incident)
  }
}
