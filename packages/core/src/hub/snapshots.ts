import { SseError } from '../errors.ts'
import type { Cursor } from '../log/event-log.ts'
import { clock } from '../process/clock.ts'
import { inNoContext } from '../process/no-context.ts'
import type { Serialize } from '../wire/encode.ts'
import type { ChannelSet } from './channel-set.ts'
import { encodeSnapshot } from './control-event.ts'
import type { Tail } from './tail.ts'

/** The app's function: the state of a channel, or a promise of it. Undefined: the channel is left out. */
export type ReadState = (channel: string) => unknown

/** The states of a subscription's channels. */
export interface Snapshot {
  /** The place before the first of them was read: what lies behind it may be in them, or not. */
  readonly place: Cursor
  /** As it is sent. */
  readonly text: string
}

/** What snapshots are taken of. */
export interface SnapshotSource {
  readonly tail: Tail
  readonly names: { readonly snapshot: string }
  readonly serialize: Serialize
  /** In ms. */
  readonly snapshotMaxAge: number
  /** In ms. */
  readonly snapshotTimeout: number
  onError(error: unknown): void
}

/**
 * The snapshots of a hub. Streams share the readings of one function and channel: while one is under way, and for
 * `snapshotMaxAge` after it. So the clients that come back together after a restart cost one call for each channel.
 */
export class Snapshots {
  readonly #source: SnapshotSource
  #readings = new WeakMap<ReadState, Map<string, Reading>>()
  #count = 0

  constructor(source: SnapshotSource) {
    this.#source = source
  }

  /** Resolves with undefined when a state could not be read; `onError` has heard of it then. */
  async take(read: ReadState, channels: ChannelSet): Promise<Snapshot | undefined> {
    const readings = Array.from(channels.names, (channel) => this.#reading(read, channel))
    await Promise.all(readings.map(({ done }) => done))
    if (readings.some(({ failed }) => failed)) return undefined
    return this.#textOf(channels, readings)
  }

  /** The log has started anew: the places of the readings are those of another one. */
  reset(): void {
    this.#readings = new WeakMap()
  }

  #reading(read: ReadState, channel: string): Reading {
    const { tail, snapshotMaxAge, snapshotTimeout } = this.#source
    const readings = this.#readings.get(read) ?? new Map<string, Reading>()
    this.#readings.set(read, readings)
    const known = readings.get(channel)
    // From a place that has left the tail, each client would have to read the log.
    if (known !== undefined && (!known.isOver || tail.positionAfter(known.place) !== undefined)) return known
    const reading = new Reading(++this.#count, tail.head, channel)
    readings.set(channel, reading)
    void reading.run(read, snapshotTimeout).then((error) => {
      if (error !== undefined) this.#source.onError(error.cause)
      clock
        .setTimeout(() => readings.get(channel) === reading && readings.delete(channel), snapshotMaxAge)
        .unref()
    })
    return reading
  }

  /** Encoded once for all streams of the same channels. */
  #textOf(channels: ChannelSet, readings: readonly Reading[]): Snapshot | undefined {
    // Of several places the oldest one: what lies between them is sent to a state that may have it already.
    const oldest = readings.reduce((one, other) => (one.number < other.number ? one : other))
    const newest = readings.reduce((one, other) => (one.number > other.number ? one : other))
    const known = newest.texts.get(channels)
    if (known?.place === oldest.place) return known.snapshot
    const { names, serialize } = this.#source
    let snapshot: Snapshot | undefined
    try {
      const states = Object.fromEntries(readings.map(({ channel, state }) => [channel, state]))
      snapshot = {
        place: oldest.place,
        text: encodeSnapshot(names.snapshot, states, oldest.place, serialize),
      }
    } catch (error) {
      this.#source.onError(error)
    }
    newest.texts.set(channels, { place: oldest.place, snapshot })
    return snapshot
  }
}

/** One call of the app's function. */
class Reading {
  /** Readings are numbered as they begin. */
  readonly number: number
  readonly place: Cursor
  readonly channel: string
  /** Resolves when it is over; never rejects. */
  done: Promise<unknown> = Promise.resolve()
  isOver = false
  failed = false
  state: unknown
  /** By the channels of those who have it sent. */
  readonly texts = new Map<ChannelSet, { place: Cursor; snapshot: Snapshot | undefined }>()

  constructor(number: number, place: Cursor, channel: string) {
    this.number = number
    this.place = place
    this.channel = channel
  }

  /** Resolves with what went wrong. */
  run(read: ReadState, timeout: number): Promise<{ cause: unknown } | undefined> {
    const running = inNoContext(() => this.#run(read, timeout))
    this.done = running
    return running
  }

  async #run(read: ReadState, timeout: number): Promise<{ cause: unknown } | undefined> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = clock.setTimeout(() => reject(tookTooLong(this.channel, timeout)), timeout).unref()
    })
    try {
      this.state = await Promise.race([late, read(this.channel)])
      return undefined
    } catch (cause) {
      this.failed = true
      return { cause }
    } finally {
      this.isOver = true
      clock.clearTimeout(timer)
    }
  }
}

function tookTooLong(channel: string, timeout: number): SseError {
  return new SseError(
    'ERR_SSE_SNAPSHOT_TIMEOUT',
    `The state of the channel ${channel} was not read within ${timeout} ms (the option snapshotTimeout): its clients got a gap instead.`,
  )
}
