import type { HubEntry } from './hub-entry.ts'
import { collect, type Run } from './run.ts'
import type { Wanted } from './selection.ts'
import type { Tail } from './tail.ts'

/**
 * The channels of a subscription, one object for all streams that follow the same: most of them are at the same
 * place, so what one of them gets is put together once for all. It is what a stream wants that neither filters nor
 * coalesces.
 */
export class ChannelSet implements Wanted {
  /** The same for all sets of the same names. */
  readonly key: string
  readonly names: ReadonlySet<string>
  /** How many streams follow it. */
  uses = 0
  #tail: Tail | undefined
  #from = 0
  #run: Run | undefined
  readonly #wants = (entry: HubEntry): boolean => this.wants(entry)

  constructor(key: string, names: ReadonlySet<string>) {
    this.key = key
    this.names = names
  }

  collect(tail: Tail, position: number): Run {
    // A run that ends where it starts was put together at the end of the tail, which has moved since.
    if (this.#run?.next === position || this.#tail !== tail || this.#from !== position) {
      this.#run = undefined
    }
    this.#run ??= collect(tail, position, tail.next, this.#wants)
    this.#tail = tail
    this.#from = position
    return this.#run
  }

  wants({ channels }: HubEntry): boolean {
    return channels.some((channel) => this.names.has(channel))
  }

  /** It remembers nothing of one stream. */
  forget(): void {}
}
