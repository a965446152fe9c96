import { element, fromTemplate } from '../element.js'

const words = { score: 'Goal', card: 'Yellow card', substitution: 'Substitution' }
const list = element('incidents')

let match

export const channel = 'match'

export const events = {
  kickoff(event) {
    load(JSON.parse(event.data))
  },
  minute(event) {
    match.minute = Number(event.data)
    showHead()
  },
  score(event) {
    const { score, ...incident } = JSON.parse(event.data)
    match.score = score
    showHead()
    showIncident(incident)
  },
  card: onIncident,
  substitution: onIncident,
  final(event) {
    match.over = true
    match.score = JSON.parse(event.data)
    showHead()
  },
}

export function load(state) {
  match = state
  list.replaceChildren()
  for (const incident of match.incidents) showIncident(incident)
  showHead()
}

function onIncident(event) {
  showIncident(JSON.parse(event.data))
}

function showHead() {
  const { home, away, score, minute, over } = match
  element('match-home').textContent = home
  element('match-away').textContent = away
  element('match-score').textContent = `${score.home} : ${score.away}`
  element('match-minute').textContent = over ? 'Full time' : `Minute ${minute}`
}

function showIncident({ kind, minute, side, player }) {
  const item = fromTemplate('incident', {
    minute: `${minute}′`,
    kind: words[kind],
    player,
    team: match[side],
  })
  item.classList.add(kind, side)
  list.prepend(item)
}
