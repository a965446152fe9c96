import { ChannelIndex } from '../../src/hub/channel-index.ts'
import type { ChannelSet } from '../../src/hub/channel-set.ts'
import type { Subscriber } from '../../src/hub/subscriber.ts'

const following = (channels: ChannelSet) => ({ channels }) as Subscriber

test('returns the streams of a channel, and forgets a channel without streams', () => {
  const index = new ChannelIndex()
  const both = following(index.setOf(new Set(['a', 'b'])))
  const one = following(index.setOf(new Set(['a'])))
  index.add(both)
  index.add(one)
  expect([...(index.get('a') ?? [])]).toEqual([both, one])
  expect([...(index.get('b') ?? [])]).toEqual([both])
  index.delete(both)
  expect([index.has('a'), index.has('b'), index.size]).toEqual([true, false, 1])
  index.delete(one)
  expect([index.has('a'), index.get('a'), index.size]).toEqual([false, undefined, 0])
})

test('streams of the same channels, in any order, share one set while there are any', () => {
  const index = new ChannelIndex()
  const first = following(index.setOf(new Set(['a', 'b'])))
  index.add(first)
  expect(index.setOf(new Set(['b', 'a']))).toBe(first.channels)
  expect(index.setOf(new Set(['a,b']))).not.toBe(first.channels)
  expect(index.setOf(new Set(['["a","b"]']))).not.toBe(first.channels)
  index.delete(first)
  expect(index.setOf(new Set(['a', 'b']))).not.toBe(first.channels)
})
