// Checked by `npm run typecheck`.
import { createHub, type EventsOf } from '@downstream/core'
import { connect, type ReceivedEvent } from '../src/index.ts'

const source = connect<{ headline: { title: string }; flash: string }>('/news')

source.on('headline', (data, event) => {
  data.title satisfies string
  event satisfies ReceivedEvent<'headline', { title: string }>
})
source.on('flash', (data) => data satisfies string)
// @ts-expect-error no such event
source.on('headlines', () => {})
// @ts-expect-error no such property
source.on('headline', ({ titel }) => titel)

source.onState((state, error) => {
  state satisfies 'connecting' | 'open' | 'waiting' | 'closed'
  error?.status satisfies number | undefined
})

async function loop(): Promise<void> {
  for await (const received of source) {
    if (received.event === 'flash') received.data satisfies string
    else received.data.title satisfies string
  }
}
void loop

// Without a declaration any event may arrive, and its data can be anything.
connect('/any').on('what', (data) => {
  data satisfies unknown
  // @ts-expect-error unknown
  data.title
})

// @ts-expect-error an unknown option
connect('/news', { retries: 1 })
connect('/news', {
  headers: async (error) => ({ Authorization: `Bearer ${error?.status}` }),
  retry: { min: 1 },
})

// The types come from the hub.
const hub = createHub<{ news: { headline: { title: string; at: Date } } }>()
const news = connect<EventsOf<typeof hub, 'news'>>('/news')
news.on('headline', ({ title, at }) => [title, at] satisfies [string, string])
news.on('gap', ({ reason, delay }) => [reason, delay] satisfies [string, number])
// @ts-expect-error no such event
news.on('flash', () => {})
