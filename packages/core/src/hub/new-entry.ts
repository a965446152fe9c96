import { SseError } from '../errors.ts'
import type { NewLogEntry } from '../log/event-log.ts'
import { caution } from '../process/caution.ts'
import { describe } from '../wire/describe.ts'
import { dataText, encodeEvent } from '../wire/encode.ts'
import type { ResolvedHubOptions } from './hub-options.ts'
import { isWellFormed } from './subscribe-options.ts'

/** How many channels one event can be published on. */
const MAX_CHANNELS = 10_000

/**
 * What goes into the log for a published event.
 *
 * @throws {@link SseError} for what could not be sent to a stream later
 */
export function newEntry(channel: unknown, published: unknown, options: ResolvedHubOptions): NewLogEntry {
  const channels = checkChannels(channel)
  if (channels.length > MAX_CHANNELS) {
    throw new SseError(
      'ERR_SSE_INVALID_CHANNEL',
      `An event is published on at most ${MAX_CHANNELS} channels; got ${channels.length}. Publish it several times, or on a channel that all of them follow.`,
    )
  }
  if (typeof published !== 'object' || published === null) {
    throw new SseError(
      'ERR_SSE_INVALID_EVENT',
      `Publish an object: { data }, or { event, data }; got ${describe(published)}.`,
    )
  }
  const { event, data, ...rest } = published as { event?: string; data?: unknown }
  const [extra] = Object.keys(rest)
  if (extra !== undefined) {
    throw new SseError('ERR_SSE_INVALID_EVENT', `A published event has only event and data${whyNo(extra)}`)
  }
  const { gap, bookmark } = options.names
  if (event === gap || event === bookmark) {
    throw new SseError(
      'ERR_SSE_INVALID_EVENT_NAME',
      `The hub itself sends events named ${event}: take another name, or rename them by the option controlEvents.`,
    )
  }
  const text = data === undefined ? undefined : dataText(data, options.serialize)
  // Throws for what has no form, so that nothing gets into the log that no stream can be sent.
  encodeEvent({ event, data: text })
  caution({ event })
  return { channels, event: event === '' ? undefined : event, data: text as string }
}

function whyNo(field: string): string {
  if (field === 'id') return ': the id is the position in the log.'
  if (field === 'retry' || field === 'comment') return `: ${field} is for single streams.`
  return `; got ${describe(field)}. Wrap a value as data: publish(channel, { data: value }).`
}

/**
 * The names of one or several channels, each once.
 *
 * @throws {@link SseError} ERR_SSE_INVALID_CHANNEL
 */
export function checkChannels(channels: unknown): string[] {
  const names = [...new Set<unknown>(Array.isArray(channels) ? channels : [channels])]
  if (names.length === 0) throw new SseError('ERR_SSE_INVALID_CHANNEL', 'Name one channel or more.')
  for (const name of names) checkChannel(name)
  return names as string[]
}

function checkChannel(channel: unknown): void {
  if (typeof channel === 'string' && channel !== '' && isWellFormed(channel)) return
  throw new SseError(
    'ERR_SSE_INVALID_CHANNEL',
    `The name of a channel is a string that is not empty, without lone surrogates; got ${describe(channel)}.`,
  )
}
