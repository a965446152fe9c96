import { setImmediate as nextTurn } from 'node:timers/promises'
import { clock } from '../../src/process/clock.ts'
import { RunFeed } from '../../src/run/run-feed.ts'
import { RunFollower } from '../../src/run/run-follower.ts'
import type { RunListener, RunReading, RunStore } from '../../src/run/run-store.ts'
import { FakePort } from '../hub/fake-port.ts'

interface PendingRead {
  answer(reading: RunReading | undefined): Promise<void>
  fail(): Promise<void>
}

/** A piece of the run: the events from number `first` on, which are named by their numbers. */
function piece(first: number, count: number, more: Partial<RunReading['state']> = {}): RunReading {
  const state = { id: 'x', status: 'running' as const, events: first - 1 + count, bytes: 0, startedAt: 0 }
  const events = Array.from({ length: count }, (_, n) => `data: ${first + n}\n\n`)
  return { attempt: 'a', first, events, state: { ...state, ...more } }
}

/** A follower whose store the test answers itself. */
function open({ lastEventId = '', polls = false } = {}) {
  const reads: PendingRead[] = []
  const places: string[] = []
  let notify: RunListener = () => {}
  const store: Pick<RunStore, 'read' | 'follow'> = {
    read: (_, place) => {
      places.push(place === undefined ? '' : `${place.attempt}-${place.number}`)
      return new Promise((resolve, reject) => {
        reads.push({
          answer: (reading) => {
            resolve(reading)
            return nextTurn()
          },
          fail: () => {
            reject(new Error('no answer'))
            return nextTurn()
          },
        })
      })
    },
    follow: (_, listener) => {
      notify = listener
      return () => {}
    },
  }
  const port = new FakePort(lastEventId)
  port.polls = polls
  const remove = jest.fn()
  const host = { names: { end: 'end', gap: 'gap' }, sendElsewhere: () => false, remove }
  const feed = new RunFeed('x', store as RunStore)
  const follower = new RunFollower(host, port, port, 'x', feed)
  port.attach(follower)
  follower.start()
  const datas = () => port.events.map(({ data }) => data)
  return { port, reads, places, news: (reading?: RunReading) => notify(reading), datas, feed, remove }
}

test('what changes during a read is read after it, and sent once', async () => {
  const { reads, places, news, datas } = open()
  news(piece(1, 2))
  expect(datas()).toEqual([])
  await reads[0]?.answer(piece(1, 1))
  expect(places).toEqual(['', 'a-1'])
  await reads[1]?.answer(piece(2, 1))
  expect(datas()).toEqual(['1', '2'])
  expect(places).toHaveLength(2)
})

test('a notification that continues at the follower’s position is sent without a read; after any other the store is read', async () => {
  const { reads, places, news, datas } = open()
  await reads[0]?.answer(piece(1, 1))
  news(piece(2, 2))
  expect(datas()).toEqual(['1', '2', '3'])
  // The client has this event.
  news(piece(3, 1))
  expect(places).toHaveLength(1)
  // Something is missing in between.
  news(piece(5, 1))
  expect(places).toEqual(['', 'a-3'])
  await reads[1]?.answer(piece(4, 2))
  expect(datas()).toEqual(['1', '2', '3', '4', '5'])
  news()
  expect(places).toEqual(['', 'a-3', 'a-5'])
})

test('a notification is not sent to a client that does not read', async () => {
  const { port, reads, news, datas } = open()
  port.room = 0
  await reads[0]?.answer(piece(1, 1))
  news(piece(2, 1))
  expect(datas()).toEqual(['1'])
  port.flow()
  await reads[1]?.answer(piece(2, 1))
  expect(datas()).toEqual(['1', '2'])
})

test('a read that fails is repeated after a while, or at once when the run changes', async () => {
  const timers: (() => void)[] = []
  const set = jest.spyOn(clock, 'setTimeout').mockImplementation(((callback: () => void) => {
    timers.push(callback)
    return { unref: () => timers.length }
  }) as never)
  const cleared = jest.spyOn(clock, 'clearTimeout').mockImplementation(() => {})
  try {
    const { reads, news } = open()
    await reads[0]?.fail()
    expect([reads.length, timers.length]).toEqual([1, 1])
    timers[0]?.()
    await nextTurn()
    expect(reads).toHaveLength(2)
    await reads[1]?.fail()
    news()
    await nextTurn()
    expect(reads).toHaveLength(3)
    expect(cleared).toHaveBeenLastCalledWith(2)
  } finally {
    set.mockRestore()
    cleared.mockRestore()
  }
})

test('nothing is read or sent after the client has disconnected', async () => {
  const { port, reads, news, feed, remove } = open()
  port.cut()
  expect(feed.empty).toBe(true)
  expect(remove).toHaveBeenCalledTimes(1)
  const write = jest.spyOn(port, 'write')
  await reads[0]?.answer(piece(1, 1))
  news(piece(1, 1))
  await nextTurn()
  expect(write).not.toHaveBeenCalled()
  expect(reads).toHaveLength(1)
})

test('a client that disconnects while events are written to it gets no end event', async () => {
  const { port, reads } = open()
  jest.spyOn(port, 'write').mockImplementation(() => {
    port.cut()
    return false
  })
  const end = jest.spyOn(port, 'end')
  await reads[0]?.answer(piece(1, 1, { status: 'done' }))
  expect(end).not.toHaveBeenCalled()
})

test('a position that a running run has not reached is malformed, and its gap is sent once', async () => {
  // The position of its end, if it ended now.
  const { reads, places, news, port } = open({ lastEventId: 'a-3' })
  await reads[0]?.answer(piece(3, 0))
  expect(places).toEqual(['a-3', 'a-0'])
  await reads[1]?.answer(piece(1, 2))
  news(piece(3, 1))
  expect(port.events.map(({ event, data, id }) => [event, data, id])).toEqual([
    ['gap', '{"reason":"malformed"}', 'a-0'],
    ['message', '1', 'a-1'],
    ['message', '2', 'a-2'],
    ['message', '3', 'a-3'],
  ])
})

describe('the response to a long poll', () => {
  test('ends with the events so far', async () => {
    const { port, reads, datas } = open({ polls: true })
    await reads[0]?.answer(piece(1, 2))
    expect([port.closed, datas()]).toEqual([true, ['1', '2']])
  })

  test('stays open while there are none, until its wait has passed', async () => {
    const { port, reads, news } = open({ polls: true, lastEventId: 'a-2' })
    expect(port.endWait()).toBe(false)
    await reads[0]?.answer(piece(3, 0))
    // The client has this event, so none is pending.
    news(piece(2, 1))
    expect(port.closed).toBe(false)
    expect(port.endWait()).toBe(true)
    expect(port.text).toBe('')
  })
})
