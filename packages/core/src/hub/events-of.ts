import type { Gap } from './control-event.ts'
import type { Hub } from './hub.ts'

/**
 * The events that a page receives from channels of a hub: name -> type of the data after JSON. The hub's one
 * declaration types the page as well. Includes the events that the hub itself sends.
 *
 * It ignores `serialize` and `controlEvents`: a hub with these options needs a type of your own.
 *
 * @typeParam Read - the type of the `snapshot` function that is passed to `subscribe()`. Without it, the states in the
 * event `snapshot` are `unknown`.
 *
 * @example
 * export const hub = createHub<{ news: { headline: Headline } }>()
 * // In the page. `import type` leaves the server code out of the bundle.
 * import type { hub } from '../src/server.ts'
 * const source = connect<EventsOf<typeof hub, 'news'>>('/news')
 */
export type EventsOf<
  AnyHub extends Hub,
  Channel extends ChannelsOf<AnyHub>,
  Read extends (channel: never) => unknown = (channel: never) => unknown,
> =
  AnyHub extends Hub<infer Channels>
    ? WithControlEvents<
        {
          [Name in NamesOf<Channels, Channel>]: Parsed<DataOf<Channels[Channel & keyof Channels], Name>>
        },
        ControlEvents<Channel, StateOf<Read>>
      >
    : never

/** The names of a hub's channels. */
type ChannelsOf<AnyHub> = AnyHub extends Hub<infer Channels> ? keyof Channels & string : never

/** Distributes over the channels: `keyof` of a union has only the names that all of them share. */
type NamesOf<Channels, Channel> = Channel extends keyof Channels ? keyof Channels[Channel] & string : never

/** Distributes over the channels that have this event: the data may be that of any of them. */
type DataOf<Events, Name extends string> = Events extends { [Its in Name]: infer Data } ? Data : never

/**
 * An event that the app declares has the app's type, even if it has the name of a control event: then the hub uses
 * another name for its own.
 */
type WithControlEvents<Events, ControlEvents> = Events & Omit<ControlEvents, keyof Events>

interface ControlEvents<Channel extends string, State> {
  gap: Gap
  bookmark: string
  /** The state of each channel, as the app's `snapshot` function returned it. */
  snapshot: { readonly [Name in Channel]?: State }
}

/** The type of a state after JSON. A channel whose state is undefined is left out. */
type StateOf<Read extends (channel: never) => unknown> = Parsed<Exclude<Awaited<ReturnType<Read>>, undefined>>

/** The type of JSON.parse(JSON.stringify(data)). */
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

/** The types that JSON omits from objects and writes as null in arrays. A bigint throws. */
type Dropped = undefined | symbol | bigint | ((...args: never) => unknown)
