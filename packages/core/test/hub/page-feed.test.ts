import type { CatchUpSource } from '../../src/hub/catch-up.ts'
import { ChannelSet } from '../../src/hub/channel-set.ts'
import { Outlet } from '../../src/hub/outlet.ts'
import { Page } from '../../src/hub/page.ts'
import { PageFeed } from '../../src/hub/page-feed.ts'
import { RecentPages } from '../../src/hub/recent-pages.ts'
import type { Tail } from '../../src/hub/tail.ts'
import { FakePort } from './fake-port.ts'
import { settle } from './settle.ts'

const channels = new ChannelSet('news', new Set(['news']))

/** Pages of 6 000 entries that another stream has read; `news` are the numbers of the entries that are wanted. */
function pagesOf(count: number, news: readonly number[]): Page[] {
  return Array.from({ length: count }, (_, at) => {
    const numbers = Array.from({ length: 6_000 }, (_, n) => at * 6_000 + n + 1)
    const channelsOf = (n: number) => [news.includes(n) ? 'news' : 'other']
    return new Page(numbers.map((n) => ({ cursor: String(n), channels: channelsOf(n), data: '' })))
  })
}

/** The events of a stream that has read up to `cursor`. */
async function received(pages: readonly Page[], cursor: number, maxResume = Number.POSITIVE_INFINITY) {
  const recent = new RecentPages()
  for (const [at, page] of pages.entries()) recent.add(String(at * 6_000), page)
  const source: CatchUpSource = {
    tail: { positionAfter: () => undefined } as Partial<Tail> as Tail,
    maxResume,
    recent: (cursor) => recent.after(cursor),
    read: () => new Promise(() => {}),
    moved: () => new Promise(() => {}),
  }
  const stream = new FakePort()
  const names = { gap: 'gap', bookmark: 'bookmark', snapshot: 'snapshot' }
  const outlet = new Outlet({ names, gapDelay: 0, counts: { delivered: 0, gaps: 0 } }, stream)
  const handled = pages.map((page) => jest.spyOn(page, 'of'))
  const feed = new PageFeed(source, { stream, channels, selection: undefined, outlet }, String(cursor), false)
  const end = feed.run()
  await settle()
  feed.stop()
  recent.clear()
  return {
    events: stream.events.map(({ event, id }) => [event, Number(id)]),
    handled: handled.map((of) => of.mock.calls.length),
    order: handled.flatMap((of) => of.mock.invocationCallOrder),
    step: await Promise.race([end, settle()]),
  }
}

// A hundred clients that were 100 000 entries back handled each of the pages: 3.5 times the CPU time of one client.
test('a stream passes over the pages of other channels that another stream has read', async () => {
  const { events, handled } = await received(pagesOf(4, [20_000]), 500)
  expect(handled).toEqual([0, 0, 0, 1])
  expect(events).toEqual([['message', 20_000]])
})

test('entries that a stream has passed over count for its next bookmark', async () => {
  const { events } = await received(pagesOf(2, []), 0)
  expect(events).toEqual([['bookmark', 12_000]])
})

test('entries that a stream has passed over count for maxResume', async () => {
  const { step } = await received(pagesOf(3, []), 500, 17_499)
  expect(step).toEqual({ gap: 'too-far', continueAt: 'end' })
  expect((await received(pagesOf(3, []), 500, 17_500)).step).toBeUndefined()
})

// Pages that another stream has read need no wait, so a client that was far back handled all of them in one turn.
test('other work gets its turn between pages', async () => {
  const other = jest.fn()
  setImmediate(other)
  const { handled, order } = await received(
    pagesOf(
      20,
      [...Array(20).keys()].map((at) => at * 6_000 + 1),
    ),
    0,
  )
  expect(handled).toEqual(Array(20).fill(1))
  const [between] = other.mock.invocationCallOrder
  expect(order.filter((n) => n < (between as number))).toHaveLength(16)
})
