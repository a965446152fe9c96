import { element, fromTemplate } from '../element.js'

const words = { score: 'Goal', card: 'Yellow card', substitution: 'Substitution' }
const list = element('incidents')

let match

export const channel = 'match'

export const events = {
  kickoff: load,
  minute(minute) {
    match.minute = minute
    showHead()
  },
  score({ score, ...incident }) {
    match.score = score
    showHead()
    showIncident(incident)
  },
  card: showIncident,
  substitution: showIncident,
  final(score) {
    match.over = true
    match.score = score
    showHead()
  },
}

export function load(state) {
  match = state
  list.replaceChildren()
  for (const incident of match.incidents) showIncident(incident)
  showHead()
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
