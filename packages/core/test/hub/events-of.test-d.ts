// Compile-time assertions: `npm run typecheck` runs them. Nothing here is ever called.
import { createHub, type EventsOf, type Gap, type Hub } from '../../src/index.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function assertType<_Holds extends true>(): void

interface Headline {
  title: string
  at: Date
}
/** As apps write them: interfaces have no index signature. */
interface News {
  headline: Headline
  flash: string
}

const hub = createHub<{ news: News; chat: { message: { from: string }; flash: number }; odd: Odd }>()

/** What JSON changes. */
interface Odd {
  unions: Date | 1 | undefined | { of: Date }[]
  tuple: readonly [Date, undefined, string?]
  object: {
    readonly kept: string
    maybe?: Date
    undefined: string | undefined
    optionalObject?: { at: Date }
    dropped: () => void
    gone: symbol
    any: unknown
  }
  nested: { list: readonly { at: Date }[]; record: Record<string, Date> }
  money: { toJSON(): { cents: Date } }
}

export function ofOneChannel() {
  type Events = EventsOf<typeof hub, 'news'>
  assertType<Equal<keyof Events, 'headline' | 'flash' | 'gap' | 'bookmark' | 'snapshot'>>()
  assertType<Equal<Events['headline'], { title: string; at: string }>>()
  assertType<Equal<Events['flash'], string>>()
  assertType<Equal<Events['gap'], Gap>>()
  assertType<Equal<Events['bookmark'], string>>()

  // @ts-expect-error: there is no such channel
  assertType<EventsOf<typeof hub, 'sports'> extends never ? true : true>()
  // @ts-expect-error: not a hub
  assertType<EventsOf<{ news: News }, 'news'> extends never ? true : true>()
}

export function ofSeveral() {
  type Events = EventsOf<typeof hub, 'news' | 'chat'>
  assertType<Equal<keyof Events, 'headline' | 'flash' | 'message' | 'gap' | 'bookmark' | 'snapshot'>>()
  assertType<Equal<Events['snapshot'], { readonly news?: unknown; readonly chat?: unknown }>>()
  // Both channels have it.
  assertType<Equal<Events['flash'], string | number>>()
  assertType<Equal<Events['message'], { from: string }>>()
}

export function ofNamesOfItsOwn() {
  type Events = EventsOf<Hub<{ news: { gap: { wide: boolean } } }>, 'news'>
  assertType<Equal<Events['gap'], { wide: boolean }>>()
  assertType<Equal<Events['bookmark'], string>>()
}

export function ofAnyHub() {
  type Events = EventsOf<Hub<Record<string, { [event: string]: unknown }>>, 'any'>
  assertType<Equal<Events['whatever'], unknown>>()
  // A parameter that accepts every hub.
  assertType<Equal<EventsOf<Hub, 'any'>[string], unknown>>()
}

export function afterJson() {
  type Events = EventsOf<typeof hub, 'odd'>
  assertType<Equal<Events['unions'], string | 1 | undefined | { of: string }[]>>()
  assertType<Equal<Events['tuple'], [string, null, string?]>>()
  assertType<
    Equal<
      Events['object'],
      {
        kept: string
        maybe?: string
        undefined: string | undefined
        optionalObject?: { at: string }
        any: unknown
      }
    >
  >()
  assertType<Equal<Events['nested'], { list: { at: string }[]; record: Record<string, string> }>>()
  assertType<Equal<Events['money'], { cents: string }>>()
}
