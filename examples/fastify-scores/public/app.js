import { connect } from './client.js'
import { showState } from './show-state.js'

const maxGoals = 3

const element = (id) => document.getElementById(id)
const stillness = matchMedia('(prefers-reduced-motion: reduce)')
const { cursor, only } = document.body.dataset

// No event ends the stream: `end` is the end of a match.
const source = connect(only === '' ? 'events' : `events?match=${only}`, { after: cursor, until: false })

source.on('score', showScore)
for (const type of ['kick-off', 'goal', 'card', 'end']) {
  source.on(type, ({ score, incident }) => {
    showScore(score)
    prepend(newItem('incident', incident), element(`match-${score.id}`).querySelector('.incidents'))
    if (type === 'goal') prepend(newItem('goal', incident), element('goals'), maxGoals)
  })
}
// Events are missing, for example after a restart of the server: the reloaded page has the current scores.
source.on('gap', ({ delay }) => {
  source.close()
  showState('reloading')
  setTimeout(() => location.reload(), delay)
})
source.onState((state) => {
  if (state === 'open') showState('open')
  if (state === 'waiting') showState('reconnecting')
})

/** An event contains the current state, not a change, so it may be shown twice. */
function showScore({ id, round, teams, goals, clock }) {
  const match = element(`match-${id}`)
  const find = (selector) => match.querySelector(selector)
  // The incidents belong to the previous match.
  if (match.dataset.round !== String(round)) find('.incidents').replaceChildren()
  match.dataset.round = round
  find('.home').textContent = teams[0]
  find('.away').textContent = teams[1]
  find('.clock').textContent = clock
  const before = find('.goals').textContent
  find('.goals').textContent = goals.join('–')
  if (find('.goals').textContent !== before && !stillness.matches) {
    find('.goals').animate({ scale: [1.5, 1] }, { duration: 600, easing: 'ease-out' })
  }
}

function newItem(template, { id, type, minute, text, result }) {
  const item = element(template).content.firstElementChild.cloneNode(true)
  item.dataset.id = id
  if (template === 'incident') item.className = type
  else item.querySelector('.result').textContent = result
  item.querySelector('.minute').textContent = `${minute}′`
  item.querySelector('.text').textContent = text
  return item
}

function prepend(item, list, max) {
  // It was already on the page.
  if (list.querySelector(`[data-id="${item.dataset.id}"]`)) return
  list.prepend(item)
  while (list.children.length > max) list.lastElementChild.remove()
}
