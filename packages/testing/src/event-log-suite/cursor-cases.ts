import assert from 'node:assert/strict'
import type { Cursor } from '@downstream/core'
import { assertGap, atMost, type LogCase } from './log-case.ts'

/** Texts that are no cursor of any log. Each function receives a valid cursor. */
const malformed: [what: string, make: (cursor: Cursor) => string][] = [
  ['the empty string', () => ''],
  ['a blank', () => ' '],
  ['300 characters', () => 'a'.repeat(300)],
  ['65 characters', (cursor) => cursor.padEnd(65, '0')],
  ['a megabyte of digits', () => '9'.repeat(1_000_000)],
  ['a megabyte of separators', (cursor) => cursor + '-'.repeat(1_000_000)],
  ['NUL', () => '\0'],
  ['control characters', () => '\x01\x1b[2J\x7f'],
  ['a line break', () => '1\r\nid: 2'],
  ['a good cursor and a line break', (cursor) => `${cursor}\n`],
  ['a good cursor and NUL', (cursor) => `${cursor}\0`],
  ['a good cursor after a blank', (cursor) => ` ${cursor}`],
  ['two good cursors', (cursor) => `${cursor}, ${cursor}`],
  ['all that there is, as a glob', () => '*'],
  ['a glob of a good cursor', (cursor) => `${cursor.slice(0, -1)}?`],
  ['all that there is, as LIKE', (cursor) => `${cursor.slice(0, -1)}%`],
  ['SQL', () => `' OR 1=1; --`],
  ['the special ids of a stream: $', () => '$'],
  ['the special ids of a stream: +', () => '+'],
  ['the special ids of a stream: >', () => '>'],
  ['an open interval', (cursor) => `(${cursor}`],
  ['a path', () => '../../etc/passwd'],
  ['JSON', (cursor) => JSON.stringify({ cursor })],
  ['letters beyond ASCII', () => 'é'],
  ['characters beyond 16 bits', () => '😀'],
  ['a lone surrogate', () => '\uD800'],
  ['digits that are not ASCII', () => '\uFF11-\uFF10'],
  ['a good cursor and U+FEFF', (cursor) => `\uFEFF${cursor}`],
]

/** These could be cursors of some other log. */
const strangers = [
  '-',
  '_',
  '.',
  '..',
  '0',
  '1',
  '-1',
  '1e3',
  '0x10',
  '0-0',
  '0-1',
  '1-0',
  '0-0-0',
  '18446744073709551615-18446744073709551615',
  '0000000000000-0',
  '9'.repeat(64),
  'z'.repeat(64),
  '-'.repeat(64),
  'NaN',
  'Infinity',
  'null',
  'undefined',
  '__proto__',
  'constructor',
  'toString',
]

/** Variants of a cursor that differ by one character, or by their spelling. */
function nearly(cursor: Cursor): string[] {
  const places = [...cursor].map((_, n) => n)
  return [
    cursor.toUpperCase(),
    cursor.toLowerCase(),
    cursor.slice(1),
    cursor.slice(0, -1),
    `${cursor}-`,
    `${cursor}.0`,
    ...places.map((n) => `${cursor.slice(0, n)}0${cursor.slice(n)}`),
    ...places.map((n) => `${cursor.slice(0, n)}${cursor[n] === '7' ? '8' : '7'}${cursor.slice(n + 1)}`),
    ...[...'0123456789abcdefghijklmnopqrstuvwxyz_.-'].map((last) => cursor.slice(0, -1) + last),
  ]
}

/** Clients send cursors, so a cursor that is not of this log is answered with a gap, at almost no cost. */
export const cursorCases: LogCase[] = [
  ...malformed.map(
    ([what, make]): LogCase => ({
      name: `answers gap, malformed, for text that is not a cursor: ${what}`,
      async run(tools) {
        const start = await tools.end()
        assertGap(await tools.log.read(make(start), atMost(10)), 'the empty log', 'malformed')
        const { cursor } = await tools.append()
        await tools.fill(3)
        assertGap(await tools.log.read(make(cursor), atMost(10)), 'with entries', 'malformed')
      },
    }),
  ),
  {
    name: 'answers gap for text that could be a cursor but is not one of this log',
    async run(tools) {
      for (const count of [0, 12]) {
        await tools.fill(count)
        for (const stranger of strangers) {
          assertGap(await tools.log.read(stranger, atMost(10)), stranger, 'expired', 'malformed')
        }
      }
    },
  },
  {
    name: 'answers gap for text that differs from a cursor by one character: forged, mistyped, in the future',
    async run(tools) {
      const start = await tools.end()
      const known = new Set([start])
      for (let round = 0; round < 3; round++) {
        for (const { cursor } of await tools.fill(12)) known.add(cursor)
        const wrong = [...known].slice(-2).flatMap(nearly)
        for (const cursor of wrong.filter((cursor) => !known.has(cursor))) {
          assertGap(await tools.log.read(cursor, atMost(10)), cursor, 'expired', 'malformed')
        }
      }
      for (const cursor of nearly(start).filter((cursor) => !known.has(cursor))) {
        assertGap(await tools.log.read(cursor, atMost(10)), cursor, 'expired', 'malformed')
      }
    },
  },
  {
    name: 'answers gap for every cursor of another log, whether it has fewer, as many or more entries',
    async run(tools) {
      await tools.fill(10)
      for (const count of [0, 10, 30]) {
        const { log } = await tools.createHost()
        const cursors = [await tools.end(log), ...(await tools.fill(count, log)).map(({ cursor }) => cursor)]
        for (const cursor of cursors) {
          assertGap(await tools.log.read(cursor, atMost(10)), cursor, 'expired', 'malformed')
        }
      }
    },
  },
  {
    name: 'still reads after a thousand concurrent wrong cursors',
    async run(tools) {
      const start = await tools.end()
      const entries = await tools.fill(10)
      const wrong = Array.from({ length: 1_000 }, (_, n) => tools.log.read(`${n}*`, atMost(500)))
      for (const reading of await Promise.all(wrong)) assertGap(reading, 'wrong', 'malformed')
      assert.deepEqual(await tools.read(start), entries)
    },
  },
]
