import { createHub, type Hub } from '@downstream/core'
import type { ChatEvents } from './panels/chat.ts'
import type { ClockEvents } from './panels/clock.ts'
import type { JobEvents } from './panels/job.ts'
import type { MatchEvents } from './panels/match.ts'
import type { NewsEvents } from './panels/news.ts'
import type { NotificationEvents } from './panels/notifications.ts'
import type { StatsEvents } from './panels/stats.ts'
import type { StockEvents } from './panels/stocks.ts'
import type { TokenEvents } from './panels/tokens.ts'

// #region hub
/** The published events: channel, event, type of the data. */
export type Channels = {
  clock: ClockEvents
  notifications: NotificationEvents
  chat: ChatEvents
  stocks: StockEvents
  stats: StatsEvents
  match: MatchEvents
  job: JobEvents
  tokens: TokenEvents
  news: NewsEvents
}

/** One hub for the process: the streams of both frameworks follow it. */
export const hub: Hub<Channels> = createHub<Channels>()
// #endregion
