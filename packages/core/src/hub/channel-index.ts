import { ChannelSet } from './channel-set.ts'

/** A follower of channels. */
interface Follower {
  readonly channels: ChannelSet
}

/** The followers of each channel. A channel without followers is removed. */
export class ChannelIndex<T extends Follower> {
  readonly #followers = new Map<string, Set<T>>()
  readonly #sets = new Map<string, ChannelSet>()

  /** Channels with a follower. */
  get size(): number {
    return this.#followers.size
  }

  /** Each channel with its followers. */
  entries(): IterableIterator<[channel: string, followers: ReadonlySet<T>]> {
    return this.#followers.entries()
  }

  has(channel: string): boolean {
    return this.#followers.has(channel)
  }

  get(channel: string): ReadonlySet<T> | undefined {
    return this.#followers.get(channel)
  }

  /** The set of these channels. It is one object for as long as any follower uses it. */
  setOf(names: ReadonlySet<string>): ChannelSet {
    const key = keyOf(names)
    return this.#sets.get(key) ?? new ChannelSet(key, names)
  }

  add(follower: T): void {
    const { channels } = follower
    for (const name of channels.names) {
      const followers = this.#followers.get(name)
      if (followers === undefined) this.#followers.set(name, new Set([follower]))
      else followers.add(follower)
    }
    channels.uses++
    this.#sets.set(channels.key, channels)
  }

  delete(follower: T): void {
    const { channels } = follower
    for (const name of channels.names) {
      const followers = this.#followers.get(name)
      followers?.delete(follower)
      if (followers?.size === 0) this.#followers.delete(name)
    }
    if (--channels.uses === 0) this.#sets.delete(channels.key)
  }
}

/**
 * The key of a list of names begins with a bracket, that of one name with a quote, so they never collide. Most streams
 * follow one channel, which needs no sorting.
 */
function keyOf(names: ReadonlySet<string>): string {
  const [first] = names
  return JSON.stringify(names.size === 1 ? first : [...names].sort())
}
