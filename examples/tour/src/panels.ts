import { hub } from './hub.ts'
import { messages, startChat } from './panels/chat.ts'
import { startClock } from './panels/clock.ts'
import { job } from './panels/job.ts'
import { match, startMatch } from './panels/match.ts'
import { headlines, startNews } from './panels/news.ts'
import { notifications, startNotifications } from './panels/notifications.ts'
import { latestStats, startStats } from './panels/stats.ts'
import { startStocks, stocks } from './panels/stocks.ts'

export function startPanels(): void {
  startClock()
  startNotifications()
  startChat()
  startStocks()
  startStats()
  startMatch()
  startNews()
}

/** What a page shows before the first event arrives. */
export function pageState(): { cursor: string; [panel: string]: unknown } {
  // The cursor first: what is published in between is then in both, instead of in neither.
  const cursor = hub.cursor()
  return {
    cursor,
    notifications,
    chat: messages,
    stocks: stocks(),
    stats: latestStats,
    match,
    job,
    news: headlines,
  }
}
