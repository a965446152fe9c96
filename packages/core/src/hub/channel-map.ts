/**
 * What an app publishes: channel -> event name -> type of its data. Write it as a type argument and `publish` is
 * checked end to end.
 *
 * @example
 * const hub = createHub<{ news: { headline: Headline; flash: string } }>()
 */
export type ChannelMap = { [channel: string]: EventMap }

/** The events of one channel: name -> type of the data. An event without a name is called `message`, as in browsers. */
export type EventMap = { [event: string]: unknown }

/** The names of the channels. */
export type ChannelOf<Channels> = keyof Channels & string

/** What can be published on a channel. */
export type HubEvent<Events> = {
  [Name in keyof Events & string]: string extends Name
    ? { event?: string | undefined; data: Events[Name] }
    : Name extends 'message'
      ? { event?: Name | undefined; data: Events[Name] }
      : { event: Name; data: Events[Name] }
}[keyof Events & string]
