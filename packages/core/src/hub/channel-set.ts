import type { HubEntry } from './hub-entry.ts'

/**
 * The channels of a subscription, one object for all streams that follow the same. Most streams are at the same place,
 * so a run for the set is assembled once for all of them.
 */
export class ChannelSet {
  /** The same for all sets of the same names. */
  readonly key: string
  readonly names: ReadonlySet<string>
  /** How many streams follow it. */
  uses = 0

  constructor(key: string, names: ReadonlySet<string>) {
    this.key = key
    this.names = names
  }

  /** What is sent for an entry to a stream that neither filters nor coalesces. */
  textOf(entry: HubEntry): string {
    for (const channel of entry.channels) if (this.names.has(channel)) return entry.text
    return ''
  }
}
