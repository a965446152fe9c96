import { openConnections } from './connection.js'
import { showText } from './element.js'
import { openPageStream } from './page-stream.js'
import * as chat from './panels/chat.js'
import * as clock from './panels/clock.js'
import * as job from './panels/job.js'
import './panels/jokes.js'
import * as match from './panels/match.js'
import { startNews } from './panels/news.js'
import * as notifications from './panels/notifications.js'
import * as stats from './panels/stats.js'
import * as stocks from './panels/stocks.js'
import * as tokens from './panels/tokens.js'
import './panels/wire.js'
import './view-source.js'

// Not every browser lets the keyboard scroll an element without controls.
for (const scroller of document.querySelectorAll('.scrolls')) scroller.tabIndex = 0

document.addEventListener('connections', () => {
  const names = openConnections().map(({ name }) => name)
  showText('streams', names.length === 1 ? '1 stream' : `${names.length} streams`)
  showText('stream-names', names.length === 0 ? 'none' : names.join(', '))
})

const state = await openPageStream([clock, notifications, chat, stocks, stats, match, job, tokens])

const { framework, other } = state
document.documentElement.dataset.framework = framework
document.title = `Downstream on ${framework}`
for (const place of document.querySelectorAll('[data-framework-name]')) place.textContent = framework
for (const place of document.querySelectorAll('[data-other-name]')) place.textContent = other.framework
for (const link of document.querySelectorAll('[data-other-link]')) {
  const url = new URL(location.href)
  url.port = other.port
  url.hash = ''
  link.href = url.href
}
startNews(state)
