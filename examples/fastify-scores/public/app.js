import { showState } from './show-state.js'

const maxGoals = 3

const element = (id) => document.getElementById(id)
const stillness = matchMedia('(prefers-reduced-motion: reduce)')
const { cursor, only } = document.body.dataset

let lastEventId = cursor

function open() {
  const query = new URLSearchParams({ after: lastEventId })
  if (only !== '') query.set('match', only)
  const source = new EventSource(`events?${query}`)
  source.onopen = () => showState('open')
  source.onerror = () => {
    showState('reconnecting')
    // A browser reconnects by itself, but stops permanently after any status other than 200, such as a proxy's 502.
    if (source.readyState === EventSource.CLOSED) setTimeout(open, 1000)
  }
  source.addEventListener('score', (event) => showScore(JSON.parse(event.data)))
  for (const type of ['kick-off', 'goal', 'card', 'end']) {
    source.addEventListener(type, (event) => {
      const { score, incident } = JSON.parse(event.data)
      showScore(score)
      prepend(newItem('incident', incident), element(`match-${score.id}`).querySelector('.incidents'))
      if (type === 'goal') prepend(newItem('goal', incident), element('goals'), maxGoals)
    })
  }
  // Events are missing, for example after a restart of the server: the reloaded page has the current scores.
  source.addEventListener('gap', (event) => {
    source.close()
    showState('reloading')
    setTimeout(() => location.reload(), JSON.parse(event.data).delay)
  })
  // A bookmark moves the last event ID while nothing happens. A page that opens another EventSource needs it.
  for (const type of ['score', 'kick-off', 'goal', 'card', 'end', 'bookmark']) {
    source.addEventListener(type, (event) => {
      lastEventId = event.lastEventId
    })
  }
}

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

open()
