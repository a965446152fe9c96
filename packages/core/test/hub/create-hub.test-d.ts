// Compile-time assertions: `npm run typecheck` runs them. Nothing here is ever called.
import {
  createHub,
  type EventStream,
  type Hub,
  type PublishedEvent,
  type PublishedOn,
} from '../../src/index.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function assertType<_Holds extends true>(): void

interface Headline {
  title: string
}
/** As apps write them: interfaces have no index signature. */
interface News {
  headline: Headline
  flash: string
}
interface Channels {
  news: News
  chat: { message: { from: string }; left: null }
}

declare const stream: EventStream

export function publishing() {
  const hub = createHub<Channels>()
  assertType<Equal<typeof hub, Hub<Channels>>>()
  const id = hub.publish('news', { event: 'headline', data: { title: 't' } })
  assertType<Equal<typeof id, Promise<string>>>()
  hub.publish('news', { event: 'flash', data: 'now' })
  // An event without a name is called message.
  hub.publish('chat', { data: { from: 'me' } })
  hub.publish('chat', { event: 'message', data: { from: 'me' } })
  hub.publish('chat', { event: undefined, data: { from: 'me' } })
  hub.publish('chat', { event: 'left', data: null })

  // @ts-expect-error: there is no such channel
  hub.publish('sports', { event: 'headline', data: { title: 't' } })
  // @ts-expect-error: there is no such event
  hub.publish('news', { event: 'weather', data: 'sun' })
  // @ts-expect-error: the event of another channel
  hub.publish('chat', { event: 'headline', data: { title: 't' } })
  // @ts-expect-error: the data of another event
  hub.publish('news', { event: 'headline', data: 'text' })
  // @ts-expect-error: data of another shape
  hub.publish('news', { event: 'headline', data: { title: 7 } })
  // @ts-expect-error: no data
  hub.publish('news', { event: 'headline' })
  // @ts-expect-error: no name, and no event of this channel is called message
  hub.publish('news', { data: { title: 't' } })
  // @ts-expect-error: the id is the hub's
  hub.publish('news', { event: 'flash', data: 'now', id: '1' })
  // @ts-expect-error: retry is for single streams
  hub.publish('news', { event: 'flash', data: 'now', retry: 1 })
  // @ts-expect-error: an event is an object
  hub.publish('news', 'text')
}

export function subscribing() {
  const hub = createHub<Channels>()
  const unsubscribe = hub.subscribe(stream, 'news')
  assertType<Equal<typeof unsubscribe, () => void>>()
  const names = ['news', 'chat'] as const
  hub.subscribe(stream, names, {
    filter: (event) => {
      assertType<Equal<typeof event, PublishedOn<Channels, 'news' | 'chat'>>>()
      return event.channel === 'news' && event.data !== ''
    },
    coalesce: (event) => (event.channel === 'news' && event.event === 'flash' ? event.data : undefined),
    after: hub.cursor(),
    key: 'user 7',
  })
  hub.subscribe(stream, 'chat', {
    filter: undefined,
    coalesce: undefined,
    after: undefined,
    key: undefined,
  })

  // @ts-expect-error: there is no such channel
  hub.subscribe(stream, 'sports')
  // @ts-expect-error: one of these channels does not exist
  hub.subscribe(stream, ['news', 'sports'])
  // @ts-expect-error: a filter says yes or no
  hub.subscribe(stream, 'news', { filter: () => 'yes' })
  // @ts-expect-error: a key is text
  hub.subscribe(stream, 'news', { coalesce: () => 7 })
  // @ts-expect-error: not subscribed to that channel
  hub.subscribe(stream, 'news', { filter: ({ channel }) => channel === 'chat' })
  // @ts-expect-error: a stream is what sse() returns
  hub.subscribe({}, 'news')
}

export function filtering(channel: 'news' | 'chat') {
  const hub = createHub<Channels>()
  hub.subscribe(stream, channel, {
    filter: (event) => {
      if (event.channel === 'chat') return event.event === 'left'
      assertType<Equal<typeof event.event, keyof News | undefined>>()
      return true
    },
  })
  // @ts-expect-error: there is no such event
  hub.subscribe(stream, 'news', { filter: ({ event }) => event === 'headlin' })
  // @ts-expect-error: the event of another channel
  hub.subscribe(stream, 'news', { coalesce: ({ event }) => (event === 'left' ? '' : undefined) })
  // One filter for many hubs
  const isFlash = ({ event }: PublishedEvent) => event === 'flash'
  hub.subscribe(stream, ['news', 'chat'], { filter: isFlash })
}

export function anyHub(hub: Hub) {
  hub.publish('anything', { event: 'any', data: 7 })
  hub.subscribe(stream, 'anything', { filter: ({ channel, event }) => channel === event })
  const hubs: Hub[] = [
    createHub(),
    createHub<Channels>(),
    createHub<{ [room: `room-${number}`]: { said: string }; lobby: { said: string } }>(),
  ]
  const typed: Hub<Channels> = hub
  // @ts-expect-error: data is needed
  hub.publish('anything', {})
  return [hubs, typed]
}

export function declaring() {
  createHub<{ news: News }>()
  // @ts-expect-error: the names of the events are missing
  createHub<{ news: string }>()
  // @ts-expect-error: one channel lacks the names of its events
  createHub<{ news: Headline[]; chat: { message: string } }>()
  // @ts-expect-error: one part of a union lacks the names
  createHub<{ news: { message: string } | string }>()
}

export function untyped() {
  const hub = createHub()
  hub.publish('anything', { data: { any: 'thing' } })
  hub.publish('anything', { event: 'any', data: 7 })
  hub.subscribe(stream, ['one', `user-${Math.random()}`])
  // @ts-expect-error: data is needed
  hub.publish('anything', { event: 'any' })
  // @ts-expect-error: the name of a channel is text
  hub.publish(7, { data: 1 })
}

export function manyChannels() {
  const hub = createHub<{ [room: `room-${number}`]: { said: string }; lobby: { said: string } }>()
  hub.publish('room-7', { event: 'said', data: 'hello' })
  hub.publish('lobby', { event: 'said', data: 'hello' })
  // @ts-expect-error: no room
  hub.publish('hall-7', { event: 'said', data: 'hello' })
}

export function options() {
  createHub({ tail: { length: 10 }, controlEvents: { gap: 'lost' }, gapDelay: 1_000 })
  // @ts-expect-error: an option's name is misspelt
  createHub({ gapDely: 1_000 })
  // @ts-expect-error: a number
  createHub({ tail: { bytes: '1 MiB' } })
}

export async function therest() {
  const hub = createHub<Channels>()
  assertType<Equal<ReturnType<typeof hub.cursor>, string>>()
  const count = hub.disconnect((open, key) => open === stream && key === 'user 7')
  assertType<Equal<typeof count, number>>()
  hub.disconnect('user 7')
  // @ts-expect-error: a key or a function
  hub.disconnect(7)
  const done: undefined = (await hub.close({ drain: 100 })) as undefined
  return done
}
