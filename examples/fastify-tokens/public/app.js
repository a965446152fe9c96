import { readEvents } from './read-events.js'
import { showState as showConnection } from './show-state.js'

const element = (id) => document.getElementById(id)

let stopping = new AbortController()

async function ask(prompt) {
  const article = newArticle(prompt)
  const text = article.querySelector('.text')
  let id
  let shown = 0
  let state = 'cut off'
  stopping = new AbortController()
  showState('answering')
  try {
    const init = {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ prompt }),
      signal: stopping.signal,
    }
    for await (const { event, data } of readEvents('answers', init)) {
      if (event === 'answer') id = JSON.parse(data).id
      if (event === 'done') state = 'done'
      if (event !== 'token') continue
      shown++
      keepScrolled(() => text.append(data))
    }
  } catch {
    // The user has stopped it, or the connection is lost; the answer stays as it is.
    if (stopping.signal.aborted) state = 'stopped'
  }
  article.ariaBusy = 'false'
  article.querySelector('.shown').textContent = shown
  article.querySelector('.when').textContent = state === 'stopped' ? 'After the stop' : 'After the end'
  showState(state)
  keepScrolled(() => {
    article.querySelector('dl').hidden = false
  })
  if (id !== undefined) showWork(article, id)
}

/** Shows what the server reports. A second later: if it had continued, there would be more tokens. */
async function showWork(article, id) {
  await new Promise((resolve) => setTimeout(resolve, 1000))
  const response = await fetch(`answers/${id}`).catch(() => undefined)
  if (!response?.ok) return
  const { tokens, tokensAtEnd } = await response.json()
  article.querySelector('.generated').textContent = tokens
  if (tokensAtEnd !== null) article.querySelector('.after').textContent = tokens - tokensAtEnd
}

function newArticle(prompt) {
  const article = element('answer').content.firstElementChild.cloneNode(true)
  article.querySelector('h2').textContent = prompt
  // A screen reader reads it when it is complete, not each word as it arrives.
  article.ariaBusy = 'true'
  element('answers').append(article)
  scrollDown()
  return article
}

/** Keeps the newest text in view, unless the reader has scrolled up to older text. */
function keepScrolled(change) {
  const { scrollHeight, scrollTop, clientHeight } = document.documentElement
  change()
  if (scrollHeight - scrollTop - clientHeight < 40) scrollDown()
}

function scrollDown() {
  scrollTo(0, document.documentElement.scrollHeight)
}

function showState(state) {
  showConnection(state)
  const answering = state === 'answering'
  element('ask').disabled = answering
  element('stop').disabled = !answering
  // A disabled button loses the focus, and a keyboard user would start again at the top of the page.
  element(answering ? 'stop' : 'prompt').focus()
}

element('form').onsubmit = (event) => {
  event.preventDefault()
  const prompt = element('prompt').value.trim()
  if (prompt === '' || element('ask').disabled) return
  element('prompt').value = ''
  ask(prompt)
}
element('stop').onclick = () => stopping.abort()
element('prompt').select()
