import type { Gap } from './control-event.ts'
import type { Hub } from './hub.ts'

/**
 * The events that a page receives from channels of a hub: name -> type of the data, after JSON. With it the hub's one
 * declaration types the page too. The events that the hub sends by itself are among them.
 *
 * It knows nothing of `serialize` and `controlEvents`: a hub that has them needs a type of your own.
 *
 * @example
 * export const hub = createHub<{ news: { headline: Headline } }>()
 * // In the page; `import type` leaves the server out of it.
 * import type { hub } from '../src/server.ts'
 * const source = connect<EventsOf<typeof hub, 'news'>>('/news')
 */
export type EventsOf<AnyHub extends Hub, Channel extends ChannelsOf<AnyHub>> =
  AnyHub extends Hub<infer Channels>
    ? WithControlEvents<
        {
          [Name in NamesOf<Channels, Channel>]: Parsed<DataOf<Channels[Channel & keyof Channels], Name>>
        },
        Channel
      >
    : never

/** The names of a hub's channels. */
type ChannelsOf<AnyHub> = AnyHub extends Hub<infer Channels> ? keyof Channels & string : never

/** Of one channel after the other: `keyof` of a union has only what all of them share. */
type NamesOf<Channels, Channel> = Channel extends keyof Channels ? keyof Channels[Channel] & string : never

/** Distributes over the channels that have this event: its data may be that of any of them. */
type DataOf<Events, Name extends string> = Events extends { [Its in Name]: infer Data } ? Data : never

/** A name that the app has given itself is the app's: its hub has other names for its own. */
type WithControlEvents<Events, Channel extends string> = Events & Omit<ControlEvents<Channel>, keyof Events>

interface ControlEvents<Channel extends string> {
  gap: Gap
  bookmark: string
  /** The state of each channel, as the app's function has read it. */
  snapshot: { readonly [Name in Channel]?: unknown }
}

/** What JSON.parse() makes of what JSON.stringify() made of it. */
type Parsed<Data> = unknown extends Data
  ? Data
  : Data extends string | number | boolean | null | undefined
    ? Data
    : Data extends { toJSON(...args: never): infer Json }
      ? Parsed<Json>
      : Data extends readonly unknown[]
        ? { -readonly [Index in keyof Data]: Data[Index] extends Dropped ? null : Parsed<Data[Index]> }
        : Data extends Dropped
          ? never
          : {
              -readonly [Key in keyof Data as Key extends symbol
                ? never
                : Data[Key] extends Dropped
                  ? never
                  : Key]: Parsed<Data[Key]>
            }

/** What JSON leaves out of objects. It makes it null in arrays, and throws at a bigint. */
type Dropped = undefined | symbol | bigint | ((...args: never) => unknown)
