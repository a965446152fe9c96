import type { ChannelMap, CheckedChannels } from './channel-map.ts'
import type { Hub, HubOptions } from './hub.ts'
import { LogHub } from './log-hub.ts'

/**
 * Creates a hub, which publishes to many streams. A client that reconnects resumes exactly where it was.
 *
 * @example
 * const hub = createHub<{ news: { headline: Headline } }>()
 * app.get('/news', (req, res) => hub.subscribe(res.sse(), 'news'))
 * await hub.publish('news', { event: 'headline', data: headline })
 *
 * @throws SseError ERR_SSE_INVALID_OPTION
 */
export function createHub<Channels extends CheckedChannels<Channels> = ChannelMap>(
  options?: HubOptions,
): Hub<Channels>
export function createHub(options: HubOptions = {}): Hub {
  return new LogHub(options)
}
