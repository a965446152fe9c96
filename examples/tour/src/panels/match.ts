import { hub } from '../hub.ts'
import { every } from '../tempo.ts'

type Side = 'home' | 'away'
type Kind = 'score' | 'card' | 'substitution'

interface Incident {
  kind: Kind
  minute: number
  side: Side
  player: string
}

export interface Match {
  home: string
  away: string
  minute: number
  score: Record<Side, number>
  incidents: Incident[]
  over: boolean
}

export type MatchEvents = {
  kickoff: Match
  minute: number
  score: Incident & { score: Match['score'] }
  card: Incident
  substitution: Incident
  final: Match['score']
}

const teams = ['Harbour Town', 'Mill Valley', 'North Quay', 'Riverside', 'Old Bridge', 'Lakeview']
const players = ['Aalto', 'Brandt', 'Costa', 'Dupont', 'Eze', 'Fischer', 'Ito', 'Kowalski', 'Okafor', 'Silva']
const chances: [Kind, number][] = [
  ['score', 0.03],
  ['card', 0.035],
  ['substitution', 0.045],
]
let played = 0
let rest = 0

export let match: Match = nextMatch()

// #region match
export function startMatch(): void {
  // A visitor should not have to wait long for the first goal.
  while (match.minute < 40) play()
  every(1000, () => (match.over ? takeRest() : play()))
}

function play(): void {
  hub.publish('match', { event: 'minute', data: ++match.minute })
  for (const [kind, chance] of chances) if (Math.random() < chance) happen(kind)
  if (match.minute < 90) return
  match.over = true
  hub.publish('match', { event: 'final', data: match.score })
}

function happen(kind: Kind): void {
  const side = pick<Side>(['home', 'away'])
  const incident = { kind, minute: match.minute, side, player: pick(players) }
  match.incidents.push(incident)
  if (kind !== 'score') return void hub.publish('match', { event: kind, data: incident })
  match.score[side]++
  hub.publish('match', { event: 'score', data: { ...incident, score: match.score } })
}
// #endregion

function takeRest(): void {
  if (++rest < 12) return
  rest = 0
  match = nextMatch()
  hub.publish('match', { event: 'kickoff', data: match })
}

function nextMatch(): Match {
  const home = teams[(played * 2) % teams.length] ?? ''
  const away = teams[(played * 2 + 3) % teams.length] ?? ''
  played++
  return { home, away, minute: 0, score: { home: 0, away: 0 }, incidents: [], over: false }
}

function pick<T>(list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)] as T
}
