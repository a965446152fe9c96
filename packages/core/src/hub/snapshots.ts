import { SseError } from '../errors.ts'
import type { Cursor } from '../log/event-log.ts'
import { clock } from '../process/clock.ts'
import { inNoContext } from '../process/no-context.ts'
import type { Serialize } from '../wire/encode.ts'
import type { ChannelSet } from './channel-set.ts'
import { encodeSnapshot } from './control-event.ts'
import type { Tail } from './tail.ts'

/** The app's function. It returns the state of a channel, or a promise of it. Undefined leaves the channel out. */
export type ReadState = (channel: string) => unknown

/** The states of a subscription's channels. */
export interface Snapshot {
  /** The cursor before the first state was read. The states may contain some of the events after it. */
  readonly cursor: Cursor
  /** The encoded event. */
  readonly text: string
}

/** The parts of a hub that its snapshots use. */
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
 * The snapshots of a hub. Streams share the reading of a function and channel while it runs and for `snapshotMaxAge`
 * after it. So clients that reconnect together after a restart cost one call per channel.
 */
export class Snapshots {
  readonly #source: SnapshotSource
  #readings = new WeakMap<ReadState, Map<string, Reading>>()
  #count = 0

  constructor(source: SnapshotSource) {
    this.#source = source
  }

  /** Resolves with undefined if a state could not be read; `onError` was called then. */
  async take(read: ReadState, channels: ChannelSet): Promise<Snapshot | undefined> {
    const readings = Array.from(channels.names, (channel) => this.#reading(read, channel))
    await Promise.all(readings.map(({ done }) => done))
    if (readings.some(({ failed }) => failed)) return undefined
    // Many clients share the text, so the app's serialize must not run in the context of one of them.
    return inNoContext(() => this.#textOf(channels, readings))
  }

  /** Drops all readings, because the log was reset and their cursors belong to the old one. */
  reset(): void {
    this.#readings = new WeakMap()
  }

  #reading(read: ReadState, channel: string): Reading {
    const { tail, snapshotMaxAge, snapshotTimeout } = this.#source
    const readings = this.#readings.get(read) ?? new Map<string, Reading>()
    this.#readings.set(read, readings)
    const known = readings.get(channel)
    // If the reading's cursor is no longer in the tail, each client would have to read the log.
    if (known !== undefined && (!known.isOver || tail.positionAfter(known.cursor) !== undefined)) return known
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

  /** Encodes the snapshot once for all streams with the same channels. */
  #textOf(channels: ChannelSet, readings: readonly Reading[]): Snapshot | undefined {
    const newest = readings.reduce((one, other) => (one.number > other.number ? one : other))
    if (newest.texts.has(channels)) return newest.texts.get(channels)
    // Use the oldest of several cursors: events after it may already be in some states, but none is missing.
    const oldest = readings.reduce((one, other) => (one.number < other.number ? one : other))
    const { names, serialize } = this.#source
    let snapshot: Snapshot | undefined
    try {
      const states = Object.fromEntries(readings.map(({ channel, state }) => [channel, state]))
      snapshot = {
        cursor: oldest.cursor,
        text: encodeSnapshot(names.snapshot, states, oldest.cursor, serialize),
      }
    } catch (error) {
      this.#source.onError(error)
    }
    newest.texts.set(channels, snapshot)
    return snapshot
  }
}

/** One call of the app's function. */
class Reading {
  /** Readings are numbered in the order in which they began. */
  readonly number: number
  readonly cursor: Cursor
  readonly channel: string
  /** Resolves when the reading has ended; never rejects. */
  done: Promise<unknown> = Promise.resolve()
  isOver = false
  failed = false
  state: unknown
  /**
   * The encoded snapshots of which this is the newest reading, by the channels of the streams that receive them;
   * undefined if it could not be encoded. If any other reading of these channels is replaced, this one is no longer the
   * newest.
   */
  readonly texts = new Map<ChannelSet, Snapshot | undefined>()

  constructor(number: number, cursor: Cursor, channel: string) {
    this.number = number
    this.cursor = cursor
    this.channel = channel
  }

  /** Resolves with the error if the reading failed. */
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
    `The state of the channel ${channel} was not read within ${timeout} ms (the option snapshotTimeout), so its clients received a gap. Make the query faster, or raise the option.`,
  )
}
