import { entryFields, markFields, readRange, readRead } from '../../src/stream/row.ts'

const nonce = 'abcdefgh'
const entry = { channels: ['news'], event: 'flash', data: 'höre\n\0!' }
const cursor = `5-0-${nonce}`
const row = { id: '5-0', nonce, entry: { ...entry, cursor } }
const rows = [['5-0', entryFields(entry, nonce)]]

test.each<[string, unknown]>([
  ['as RESP2 has it', [['key', rows]]],
  ['as a pair', ['key', rows]],
  ['as an object', { key: rows }],
  ['as a Map', new Map([['key', rows]])],
  ['as Buffers', [[Buffer.from('key'), buffers(rows)]]],
])('reads the reply of XREAD, %s', (_, reply) => {
  expect(readRead(reply)).toEqual([row])
})

test.each([null, undefined, []])('reads an empty reply of XREAD: %p', (reply) => {
  expect(readRead(reply)).toEqual([])
})

test('an empty event name differs from none', () => {
  expect(readOne(entryFields({ ...entry, event: '' }, nonce)).entry?.event).toBe('')
  expect(readOne(entryFields({ channels: ['c'], data: 'd' }, nonce)).entry?.event).toBeUndefined()
})

test.each(['genesis', 'fork'] as const)('a %s mark is no event', (kind) => {
  const mark = { kind, at: 1_795_178_105_225, lost: 1_795_178_105_000, server: '4b1d' }
  expect(readOne(markFields(mark, nonce))).toEqual({ id: '5-0', nonce, mark })
})

test('reads an entry of many channels, and one of none', () => {
  for (const channels of [['a', 'b', 'c'], []]) {
    expect(readOne(entryFields({ channels, data: 'd' }, nonce)).entry?.channels).toEqual(channels)
  }
})

test.each<[string, string[]]>([
  ['fields of another program', ['hello', 'world', 'm', 'whatever']],
  ['an event without a nonce', ['c', 'c', 'd', 'd']],
  ['a nonce and nothing else', ['n', nonce]],
  ['no list of channels', ['n', nonce, 'cs', '{', 'd', 'd']],
])('a row of another program is neither an event nor a mark: %s', (_, fields) => {
  expect(readOne(fields)).toEqual({ id: '5-0', nonce: '', unreadable: 'foreign' })
})

// A mark of a newer version was silently skipped, whatever it meant.
test('an unknown mark must not be skipped', () => {
  expect(readOne(['n', nonce, 'm', 'something new'])).toEqual({ id: '5-0', nonce, unreadable: 'future' })
})

function readOne(fields: string[]) {
  const [row] = readRange([['5-0', fields]])
  if (row === undefined) throw new Error('no row')
  return row
}

function buffers(value: unknown): unknown {
  return Array.isArray(value) ? value.map(buffers) : Buffer.from(String(value))
}
