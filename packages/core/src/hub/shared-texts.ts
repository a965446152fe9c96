import { type Passage, SharedText } from '../stream/compression/shared-text.ts'
import type { ChannelSet } from './channel-set.ts'
import type { Run } from './run.ts'
import type { Tail } from './tail.ts'

/** How many texts of up to 200 KB a hub holds. Beyond this number, sets of channels with few streams have none. */
const MAX_TEXTS = 64

/** The log as the streams of one set of channels receive it. */
interface SetText {
  readonly text: SharedText
  /** Entries before this position were added. */
  next: number
}

/** The texts that streams of the same channels receive, so that each is compressed once for all of them. */
export class SharedTexts {
  readonly #texts = new Map<ChannelSet, SetText>()

  /**
   * `run` as a passage, from `position` on, for streams of `channels`. Undefined: each stream compresses on its own.
   */
  passage(tail: Tail, channels: ChannelSet, position: number, run: Run): Passage | undefined {
    const known = this.#texts.get(channels) ?? this.#begin(channels, position)
    if (known === undefined) return undefined
    for (known.next = Math.max(known.next, tail.first); known.next < run.next; known.next++) {
      const entry = tail.at(known.next)
      const text = entry === undefined ? '' : channels.textOf(entry)
      if (text !== '') known.text.add(known.next, text)
    }
    return known.text.passage(position, run.next, run.text)
  }

  delete(channels: ChannelSet): void {
    this.#texts.delete(channels)
  }

  /** Drops all texts, because the log was reset. */
  clear(): void {
    this.#texts.clear()
  }

  #begin(channels: ChannelSet, position: number): SetText | undefined {
    if (this.#texts.size >= MAX_TEXTS && !this.#makeRoom(channels.uses)) return undefined
    const begun = { text: new SharedText(position), next: position }
    this.#texts.set(channels, begun)
    return begun
  }

  /** Drops the text of the set with the fewest streams, for a set that has more than twice as many. */
  #makeRoom(uses: number): boolean {
    const [fewest] = [...this.#texts.keys()].sort((a, b) => a.uses - b.uses)
    return fewest !== undefined && fewest.uses * 2 < uses && this.#texts.delete(fewest)
  }
}
