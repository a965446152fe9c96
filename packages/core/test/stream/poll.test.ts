import { Poll } from '../../src/stream/poll.ts'

const KB = 1_024

test('a poll ends after its wait, or a moment after the first event that the app has sent', () => {
  const poll = new Poll(20, 1_000)
  expect(poll.due).toBe(21_000)
  expect(poll.onSent(': a comment\n\n', 2_000)).toBe(false)
  expect(poll.onSent('retry: 5\n', 2_000)).toBe(false)
  expect(poll.due).toBe(21_000)
  expect(poll.onSent('id: 1\ndata: a\n\n', 2_000)).toBe(true)
  expect(poll.due).toBe(2_200)
  expect(poll.onSent('data: b\n\n', 2_100)).toBe(false)
  expect(poll.due).toBe(2_200)
})

test('a poll that a hub or a run feeds is not ended by events of the app', () => {
  const poll = new Poll(20, 1_000)
  poll.onSent('data: hello\n\n', 2_000)
  poll.onOwner()
  expect(poll.due).toBe(21_000)
})

test('a poll waits five more seconds for an owner that is still reading, and no longer', () => {
  const poll = new Poll(20, 1_000)
  expect(poll.isOverdue(25_999)).toBe(false)
  expect(poll.isOverdue(26_000)).toBe(true)
})

test('a poll accepts 256 KB in all, and a single text that is larger', () => {
  const poll = new Poll(20, 0)
  for (let n = 0; n < 4; n++) expect(poll.takes('x'.repeat(64 * KB))).toBe(true)
  expect(poll.takes('x')).toBe(false)
  expect(new Poll(20, 0).takes('x'.repeat(1_000 * KB))).toBe(true)
})

test('a poll counts bytes, not characters', () => {
  const poll = new Poll(20, 0)
  expect(poll.takes('é'.repeat(128 * KB))).toBe(true)
  expect(poll.takes('x')).toBe(false)
})

test('a poll asks the client to poll again soon, unless the retry of the app is shorter', () => {
  const poll = new Poll(20, 0)
  expect(poll.farewell(3_000)).toBe(':\nretry: 500\n\n')
  expect(poll.farewell(100)).toBe(':\nretry: 100\n\n')
})
