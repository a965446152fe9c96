import type { Channels } from './hub.ts'

const pageChannels = ['clock', 'notifications', 'chat', 'stocks', 'stats', 'match', 'job', 'tokens'] as const

/** The known names in a comma-separated list; all names if there are none. */
export function readChannels(value: unknown): (keyof Channels)[] {
  const asked = typeof value === 'string' ? value.split(',') : []
  const channels = pageChannels.filter((channel) => asked.includes(channel))
  return channels.length > 0 ? channels : [...pageChannels]
}

/** A short text, or undefined. */
export function readWord(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= 100 ? value : undefined
}
