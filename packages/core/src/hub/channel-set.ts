import type { HubEntry } from './hub-entry.ts'

/**
 * The channels of a subscription, as one object for all streams that follow the same channels. Most of these streams
 * are at the same position, so the hub assembles the text for them once.
 */
export class ChannelSet {
  /** Equal for all sets with the same names. */
  readonly key: string
  readonly names: ReadonlySet<string>
  /** How many streams follow this set. */
  uses = 0

  constructor(key: string, names: ReadonlySet<string>) {
    this.key = key
    this.names = names
  }

  /** The text of an entry for a stream that has neither `filter` nor `coalesce`. */
  textOf(entry: HubEntry): string {
    for (const channel of entry.channels) if (this.names.has(channel)) return entry.text
    return ''
  }
}
