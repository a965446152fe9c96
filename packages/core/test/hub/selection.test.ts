import { parseEvents } from '@downstream/testing'
import { ChannelSet } from '../../src/hub/channel-set.ts'
import type { SubscribeOptions } from '../../src/hub/hub.ts'
import type { HubEntry } from '../../src/hub/hub-entry.ts'
import type { Run } from '../../src/hub/run.ts'
import { Selection } from '../../src/hub/selection.ts'
import { Tail } from '../../src/hub/tail.ts'

/** A tail with these data on the channel `prices`; an upper-case letter is on another channel. */
function tailOf(...data: string[]): Tail {
  const tail = new Tail({ length: 100, bytes: 1_000_000 }, '0', [])
  push(tail, ...data)
  return tail
}

function push(tail: Tail, ...data: string[]): void {
  for (const text of data) {
    const channel = /^[A-Z]/.test(text) ? 'other' : 'prices'
    tail.push({ cursor: `c-${tail.next}`, channels: [channel], data: text })
  }
}

function select(options: SubscribeOptions): Selection {
  return new Selection(new ChannelSet('key', new Set(['prices'])), options)
}

const dataOf = (text: string) => parseEvents(text).map(({ data }) => data)
const byLetter = { coalesce: ({ data }: { data: string }) => data[0] }

test.each<[what: string, options: SubscribeOptions, slow: boolean, got: string[]]>([
  ['its channels', {}, true, ['a1', 'b1', 'a2', 'b2']],
  ['what the filter takes', { filter: ({ data }) => data.endsWith('1') }, false, ['a1', 'b1']],
  ['all, with a key, for a client that keeps up', byLetter, false, ['a1', 'b1', 'a2', 'b2']],
  ['the newest of each key for one that does not', byLetter, true, ['a2', 'b2']],
  ['what has no key, in any case', { coalesce: () => undefined }, true, ['a1', 'b1', 'a2', 'b2']],
  [
    'the newest of what the filter takes',
    { ...byLetter, filter: ({ data }) => data !== 'a2' },
    true,
    ['a1', 'b2'],
  ],
])('a stream gets %s', (_what, options, slow, got) => {
  expect(dataOf(select(options).fromTail(tailOf('a1', 'A', 'b1', 'a2', 'b2'), 0, slow).text)).toEqual(got)
})

test('what is published while a client is slow replaces what was waiting', () => {
  const tail = tailOf('a1', 'b1')
  const selection = select(byLetter)
  const { next, text } = selection.fromTail(tail, 0, true)
  push(tail, 'a2', 'a3')
  expect([dataOf(text), dataOf(selection.fromTail(tail, next, true).text)]).toEqual([['a1', 'b1'], ['a3']])
})

test('after a function has thrown, it is not called again and nothing more is selected', () => {
  const error = new Error('filter')
  const filter = jest.fn(() => {
    throw error
  })
  const selection = select({ filter })
  expect(selection.fromTail(tailOf('a', 'b', 'c'), 0, false).text).toBe('')
  expect(selection.failure).toEqual({ error })
  expect(filter).toHaveBeenCalledTimes(1)
})

// The newest event of a key is sent early, at the position of the first. A stream that then leaves the tail finds it
// again at its own position.
describe('of what was sent early and comes again, a stream gets only what is newer,', () => {
  const fromPage = (selection: Selection, tail: Tail, from: number) => {
    const entries = Array.from({ length: tail.next - from }, (_, n) => tail.at(from + n) as HubEntry)
    return selection.fromPage(entries, 0)
  }

  test.each<[where: string, passedInTail: boolean, rest: (...args: Parameters<typeof fromPage>) => Run]>([
    ['in the tail', false, (selection, tail, from) => selection.fromTail(tail, from, true)],
    ['in a page of the log', false, fromPage],
    ['in a page of the log, after it came again in the tail', true, fromPage],
  ])('%s', (_, passedInTail, rest) => {
    const long = 'x'.repeat(40_000)
    const tail = tailOf('a1', long, long, 'a2', 'a3')
    const selection = select({ coalesce: ({ data }) => (data === long ? undefined : data[0]) })
    let { next, text } = selection.fromTail(tail, 0, true)
    expect([next, dataOf(text)]).toEqual([3, ['a3', long, long]])
    if (passedInTail) {
      ;({ next, text } = selection.fromTail(tail, next, true))
      expect([next, text]).toEqual([5, ''])
    }
    selection.leaveTail()
    push(tail, 'a4')
    const newer = { event: 'message', id: 'c-5', data: 'a4' }
    expect(parseEvents(rest(selection, tail, next).text)).toEqual([newer])
  })
})
