/**
 * The events that an app publishes: channel -> event name -> type of its data. Pass it as a type argument, and the
 * compiler checks every `publish`.
 *
 * @example
 * const hub = createHub<{ news: { headline: Headline; flash: string } }>()
 */
export type ChannelMap = { [channel: string]: EventMap }

/** The events of one channel: name -> type of the data. An event without a name is called `message`, as in browsers. */
export type EventMap = { [event: string]: unknown }

/** Refuses a {@link ChannelMap} without event names. It also accepts interfaces, which have no index signature. */
export type CheckedChannels<Channels> = {
  [Channel in keyof Channels]: Channels[Channel] extends readonly unknown[] | ((...args: never) => unknown)
    ? MapsEventNames
    : Channels[Channel] extends object
      ? object
      : MapsEventNames
}

/** The type that stands in for an invalid channel, so that the compiler prints this sentence. */
type MapsEventNames =
  'A channel maps the names of its events to the types of their data, for example { message: string }.'

/** An event that can be published on several channels at once: its type fits each of them. */
export type EventOfAll<Channels, Channel extends keyof Channels> = {
  [One in Channel]: (event: HubEvent<Channels[One]>) => void
}[Channel] extends (event: infer Event) => void
  ? Event
  : never

/** An event that can be published on a channel. */
export type HubEvent<Events> = {
  [Name in keyof Events & string]: string extends Name
    ? { event?: string | undefined; data: Events[Name] }
    : Name extends 'message'
      ? { event?: Name | undefined; data: Events[Name] }
      : { event: Name; data: Events[Name] }
}[keyof Events & string]
