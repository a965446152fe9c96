import assert from 'node:assert/strict'
import type { NewLogEntry } from '@downstream/core'
import type { LogCase } from './log-case.ts'

const entries: [what: string, entry: NewLogEntry][] = [
  ['an entry without an event', { channel: 'c', data: 'd' }],
  ['an event of undefined', { channel: 'c', event: undefined, data: 'd' }],
  ["an event of ''", { channel: 'c', event: '', data: 'd' }],
  ['an event', { channel: 'c', event: 'headline', data: 'd' }],
  ['an event that looks like a missing one', { channel: 'c', event: 'undefined', data: 'null' }],
  ['empty data', { channel: 'c', data: '' }],
  ['data of JSON', { channel: 'c', data: '{"a":[1,"\\u2028\\n"]}' }],
  ['data that looks like numbers', { channel: '0', event: '1', data: '-0' }],
  ['line ends of all kinds', { channel: 'c', data: '\na\rb\r\nc\n\n' }],
  ['blanks at both ends', { channel: ' c ', event: ' e ', data: ' \t d \t ' }],
  ['text that looks like fields', { channel: 'c', data: 'x\nevent: forged\nid: 7\n\ndata: y' }],
  ['characters of all lengths in UTF-8', { channel: 'aé…😀', event: 'aé…😀', data: 'aé…😀\u0301' }],
  ['U+FEFF, U+FFFD and the last of Unicode', { channel: 'c', data: '\uFEFFa\uFFFD\u{10FFFF}' }],
  ['control characters', { channel: 'c\x01', data: 'a\0b\x07\x1b[0m\x7f\x85' }],
  ['a channel with a line break', { channel: 'a\r\nb', data: 'd' }],
  ['a channel of patterns and separators', { channel: 'a:b/*?[c]{d}%_\\', data: 'd' }],
  ['a channel of quotes', { channel: `'"; DROP TABLE entries; --`, data: `'";` }],
  ["names of an object's own", { channel: '__proto__', event: 'constructor', data: 'toString' }],
  ['a channel of 2 000 characters', { channel: 'é'.repeat(2_000), data: 'd' }],
  ['a megabyte of data', { channel: 'c', data: 'é😀a\n'.repeat(125_000) }],
]

/** What comes out is what went in, on all three ways out. */
export const entryCases: LogCase[] = [
  ...entries.map(
    ([what, entry]): LogCase => ({
      name: `keeps ${what} as it is`,
      async run(tools) {
        const early = await tools.follow()
        const expected = [await tools.append(Object.freeze(entry)), await tools.append()]
        assert.deepEqual(await tools.read(early.head), expected, 'read')
        await early.reaches(expected[1] as (typeof expected)[1])
        assert.deepEqual(early.received, expected, 'followed')
        const late = await tools.follow(2)
        assert.deepEqual(late.backlog, expected, 'in the backlog')
      },
    }),
  ),
  {
    name: 'has its own copy of an entry: what the caller changes afterwards is not in the log',
    async run(tools) {
      const start = await tools.end()
      const entry = { channel: 'c', event: 'e', data: 'before' }
      const appending = tools.log.append(entry)
      entry.data = 'changed while in flight'
      const cursor = await appending
      entry.data = 'changed'
      assert.deepEqual(await tools.read(start), [{ channel: 'c', event: 'e', data: 'before', cursor }])
    },
  },
]
