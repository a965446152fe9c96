import type { Channels } from './hub.ts'

const pageChannels = ['clock', 'notifications', 'chat', 'stocks', 'stats', 'match', 'job', 'tokens'] as const

/** Of a comma-separated list those that there are; all of them when none is left. */
export function readChannels(value: unknown): (keyof Channels)[] {
  const asked = typeof value === 'string' ? value.split(',') : []
  const channels = pageChannels.filter((channel) => asked.includes(channel))
  return channels.length > 0 ? channels : [...pageChannels]
}

/** A short text, or undefined. */
export function readWord(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= 100 ? value : undefined
}
