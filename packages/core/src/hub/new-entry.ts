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
 * The log entry for a published event.
 *
 * @throws {@link SseError} for an event that could not be sent to a stream later
 */
export function newEntry(channel: unknown, published: unknown, options: ResolvedHubOptions): NewLogEntry {
  const channels = checkChannels(channel, options)
  if (channels.length > MAX_CHANNELS) {
    throw new SseError(
      'ERR_SSE_INVALID_CHANNEL',
      `An event is published on at most ${MAX_CHANNELS} channels; got ${channels.length}. Publish it in several calls, or on one channel that all clients follow.`,
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
  if (event !== undefined && Object.values(options.names).includes(event)) {
    throw new SseError(
      'ERR_SSE_INVALID_EVENT_NAME',
      `The hub itself sends events named ${event}. Use another name, or rename the hub's events with the option controlEvents.`,
    )
  }
  const text = data === undefined ? undefined : dataText(data, options.serialize)
  if (text !== undefined && text.length * 3 > options.maxEventBytes) checkSize(text, options.maxEventBytes)
  // Throws if the event cannot be encoded, so that the log stores nothing that cannot be sent.
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
 * The names of one or several channels, without duplicates.
 *
 * @throws {@link SseError} ERR_SSE_INVALID_CHANNEL
 */
export function checkChannels(channels: unknown, { maxChannelLength }: ResolvedHubOptions): string[] {
  const names = [...new Set<unknown>(Array.isArray(channels) ? channels : [channels])]
  if (names.length === 0)
    throw new SseError('ERR_SSE_INVALID_CHANNEL', 'The list of channels is empty: name at least one channel.')
  for (const name of names) checkChannel(name, maxChannelLength)
  return names as string[]
}

/**
 * The channels of a subscription.
 *
 * @throws {@link SseError} ERR_SSE_INVALID_CHANNEL
 */
export function checkSubscription(channels: unknown, options: ResolvedHubOptions): string[] {
  const names = checkChannels(channels, options)
  if (names.length <= options.maxChannels) return names
  throw new SseError(
    'ERR_SSE_INVALID_CHANNEL',
    `A subscription has at most ${options.maxChannels} channels (the option maxChannels); got ${names.length}. Subscribe to one channel with the events of many, and use the option filter.`,
  )
}

/** Measuring takes a pass over the text, so callers measure only text that may be too large. */
function checkSize(text: string, maxEventBytes: number): void {
  const bytes = Buffer.byteLength(text)
  if (bytes <= maxEventBytes) return
  throw new SseError(
    'ERR_SSE_EVENT_TOO_LARGE',
    `The data of an event has at most ${maxEventBytes} bytes (the option maxEventBytes); got ${bytes}. Publish a URL instead, from which clients load it.`,
  )
}

function checkChannel(channel: unknown, maxLength: number): void {
  if (typeof channel === 'string' && channel.length > maxLength) {
    throw new SseError(
      'ERR_SSE_INVALID_CHANNEL',
      `The name of a channel has at most ${maxLength} characters (the option maxChannelLength); got ${channel.length}. Shorten the name, or raise the option.`,
    )
  }
  if (typeof channel === 'string' && channel !== '' && isWellFormed(channel)) return
  throw new SseError(
    'ERR_SSE_INVALID_CHANNEL',
    `The name of a channel must be a string that is not empty and has no lone surrogates; got ${describe(channel)}.`,
  )
}
