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
    // A browser reconnects by itself, but gives up for good at any answer other than 200: a proxy's 502, for example.
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
  // Events are missing, after a restart of the server for example: the page is rendered with the scores as they are.
  source.addEventListener('gap', (event) => {
    source.close()
    showState('reloading')
    setTimeout(() => location.reload(), JSON.parse(event.data).delay)
  })
  // A bookmark moves the last event ID while nothing happens. It matters to who opens the next EventSource himself.
  for (const type of ['score', 'kick-off', 'goal', 'card', 'end', 'bookmark']) {
    source.addEventListener(type, (event) => {
      lastEventId = event.lastEventId
    })
  }
}

/** An event says how things are, not by how much they have changed: it may be shown twice. */
function showScore({ id, round, teams, goals, clock }) {
  const match = element(`match-${id}`)
  const find = (selector) => match.querySelector(selector)
  // The incidents are those of the match before.
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
  // It was in the page already.
  if (list.querySelector(`[data-id="${item.dataset.id}"]`)) return
  list.prepend(item)
  while (list.children.length > max) list.lastElementChild.remove()
}

open()
