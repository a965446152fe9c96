import assert from 'node:assert/strict'
import type { NewLogEntry } from '@downstream/core'
import type { LogCase } from './log-case.ts'

const entries: [what: string, entry: NewLogEntry][] = [
  ['an entry without an event', { channels: ['c'], data: 'd' }],
  ['an event of undefined', { channels: ['c'], event: undefined, data: 'd' }],
  ["an event of ''", { channels: ['c'], event: '', data: 'd' }],
  ['an event', { channels: ['c'], event: 'headline', data: 'd' }],
  ['an event that looks like a missing one', { channels: ['c'], event: 'undefined', data: 'null' }],
  ['empty data', { channels: ['c'], data: '' }],
  ['data of JSON', { channels: ['c'], data: '{"a":[1,"\\u2028\\n"]}' }],
  ['data that looks like numbers', { channels: ['0'], event: '1', data: '-0' }],
  ['line ends of all kinds', { channels: ['c'], data: '\na\rb\r\nc\n\n' }],
  ['blanks at both ends', { channels: [' c '], event: ' e ', data: ' \t d \t ' }],
  ['text that looks like fields', { channels: ['c'], data: 'x\nevent: forged\nid: 7\n\ndata: y' }],
  ['characters of all lengths in UTF-8', { channels: ['aé…😀'], event: 'aé…😀', data: 'aé…😀\u0301' }],
  ['U+FEFF, U+FFFD and the last of Unicode', { channels: ['c'], data: '\uFEFFa\uFFFD\u{10FFFF}' }],
  ['control characters', { channels: ['c\x01'], data: 'a\0b\x07\x1b[0m\x7f\x85' }],
  ['a channel with a line break', { channels: ['a\r\nb'], data: 'd' }],
  ['a channel of patterns and separators', { channels: ['a:b/*?[c]{d}%_\\'], data: 'd' }],
  ['a channel of quotes', { channels: [`'"; DROP TABLE entries; --`], data: `'";` }],
  ["names of an object's own", { channels: ['__proto__'], event: 'constructor', data: 'toString' }],
  ['a channel of 2 000 characters', { channels: ['é'.repeat(2_000)], data: 'd' }],
  ['an entry on several channels', { channels: ['c', 'd', 'e'], data: 'd' }],
  ['channels of quotes and commas', { channels: ['","', '["c"]', ' '], data: 'd' }],
  ["an entry without channels, the hub's own", { channels: [], event: 'own', data: 'd' }],
  [
    'an entry on 10 000 channels',
    { channels: Array.from({ length: 10_000 }, (_, n) => `user:${n}`), data: 'd' },
  ],
  ['a megabyte of data', { channels: ['c'], data: 'é😀a\n'.repeat(125_000) }],
]

/** An entry is unchanged in all three ways in which it can be received. */
export const entryCases: LogCase[] = [
  ...entries.map(
    ([what, entry]): LogCase => ({
      name: `stores ${what} unchanged`,
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
    name: 'copies an entry: later changes by the caller do not change the log',
    async run(tools) {
      const start = await tools.end()
      const entry = { channels: ['c'], event: 'e', data: 'before' }
      const appending = tools.append(entry)
      entry.data = 'changed while in flight'
      entry.channels[0] = 'changed while in flight'
      const { cursor } = await appending
      entry.data = 'changed'
      entry.channels.push('changed')
      assert.deepEqual(await tools.read(start), [{ channels: ['c'], event: 'e', data: 'before', cursor }])
    },
  },
]
