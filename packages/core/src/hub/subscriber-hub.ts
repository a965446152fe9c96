import type { Passage } from '../stream/compression/shared-text.ts'
import type { CatchUpSource } from './catch-up.ts'
import type { ChannelSet } from './channel-set.ts'
import type { OutletHub } from './outlet.ts'
import type { Resumes } from './resumes.ts'
import type { Run } from './run.ts'
import type { Snapshots } from './snapshots.ts'
import type { Subscriber } from './subscriber.ts'

/** The parts of a hub that a subscriber uses. */
export interface SubscriberHub extends CatchUpSource, OutletHub {
  readonly counts: { delivered: number; gaps: number; stalled: number }
  /** Counts the streams that read the log. */
  readonly resumes: Resumes
  readonly snapshots: Snapshots
  /** Whether there are entries that were not announced yet. */
  readonly pending: boolean
  /** The run for streams of `channels` that have neither `filter` nor `coalesce`. */
  runOf(channels: ChannelSet, position: number): Run
  /** `run` as a passage of the text that all streams of `channels` share; undefined if it is not part of that. */
  passageOf(channels: ChannelSet, position: number, run: Run): Passage | undefined
  /** Announces the entries that were not announced yet. */
  announce(): void
  enqueue(subscriber: Subscriber): void
  remove(subscriber: Subscriber): void
  onError(error: unknown): void
}
