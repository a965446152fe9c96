import type { LogEntry, LogFollower, LogReading } from '../../src/log/event-log.ts'
import { MemoryLog } from '../../src/log/memory-log.ts'

// The promises of every log are tested in event-log-suite.test.ts; here are those of MemoryLog alone.

const entry = (data: string) => ({ channels: ['c'], data })
const page = (length: number) => ({ length, bytes: 1_000_000 })
const dataOf = (reading: LogReading) =>
  reading.gap ? reading.reason : reading.entries.map(({ data }) => data).join(' ')

/** Appends one entry for each of the words; returns their cursors. */
async function fill(log: MemoryLog, words: string): Promise<string[]> {
  const cursors: string[] = []
  for (const data of words.split(' ')) cursors.push(await log.append(entry(data)))
  return cursors
}

/** A follower that does nothing except what a test gives it. */
const follower = (does: Partial<LogFollower>): LogFollower => ({
  start() {},
  entries() {},
  reset() {},
  state() {},
  ...does,
})

test('a cursor is the epoch and the number of the entry in base 36', async () => {
  const log = new MemoryLog()
  const cursors = await fill(log, Array(37).fill('x').join(' '))
  const [epoch] = (cursors[0] as string).split('-')
  expect(epoch).toMatch(/^[\da-f]{12}$/)
  expect(cursors).toEqual(Array.from({ length: 37 }, (_, n) => `${epoch}-${(n + 1).toString(36)}`))
  expect(cursors.at(-1)).toBe(`${epoch}-11`)
})

test('each log has its own epoch, so that a cursor from before a restart is expired', async () => {
  const [before, after] = [new MemoryLog(), new MemoryLog()]
  const [cursor = ''] = await fill(before, 'a')
  await fill(after, 'a b c')
  expect(await after.read(cursor, page(10))).toEqual({ gap: true, reason: 'expired' })
})

const wrongNumbers = [
  ['one beyond the end', '4'],
  ['far beyond the end', 'zzzzzzzzzz'],
  ['beyond what a number can count', 'zzzzzzzzzzz'],
  ['too long', '1'.repeat(12)],
  ['a zero in front', '01'],
  ['two zeros', '00'],
  ['a capital', 'A'],
  ['a sign', '-1'],
  ['a fraction', '1.0'],
  ['nothing', ''],
]

test.each(wrongNumbers)('a cursor of its epoch whose number is %s is malformed', async (_, number) => {
  const log = new MemoryLog()
  const [cursor = ''] = await fill(log, 'a b c')
  const epoch = cursor.slice(0, 13)
  expect(await log.read(epoch + number, page(10))).toEqual({ gap: true, reason: 'malformed' })
})

test('number 0 is the end of the empty log', async () => {
  const log = new MemoryLog()
  let start = ''
  void log.follow(follower({ start: (head) => (start = head) }), { backlog: page(0) })
  expect(start).toMatch(/-0$/)
  await fill(log, 'a b')
  expect(dataOf(await log.read(start, page(10)))).toBe('a b')
})

test('the cursor of a dropped entry is valid until a later entry is dropped', async () => {
  const log = new MemoryLog({ length: 2 })
  const cursors = await fill(log, 'a b c')
  const readings = await Promise.all(cursors.map((cursor) => log.read(cursor, page(10))))
  expect(readings.map(dataOf)).toEqual(['b c', 'c', ''])
  await fill(log, 'd')
  expect(dataOf(await log.read(cursors[0] as string, page(10)))).toBe('expired')
  expect(dataOf(await log.read(cursors[1] as string, page(10)))).toBe('c d')
})

test('the bound of bytes counts data in UTF-8, the channel and the event', async () => {
  const log = new MemoryLog({ bytes: 12 })
  const first = await log.append({ channels: ['ch'], data: 'éé' })
  const second = await log.append({ channels: ['ch'], event: 'ev', data: '' })
  const third = await log.append({ channels: ['c'], data: 'x' })
  expect(dataOf(await log.read(first, page(10)))).toBe(' x')
  await log.append({ channels: ['c'], data: 'y' })
  expect(dataOf(await log.read(first, page(10)))).toBe(' x y')
  await log.append({ channels: ['c'], data: '12345678901234567890' })
  expect(dataOf(await log.read(first, page(10)))).toBe('expired')
  expect(dataOf(await log.read(second, page(10)))).toBe('expired')
  expect(dataOf(await log.read(third, page(10)))).toBe('expired')
})

test('an entry larger than the bound of bytes is kept until the next one', async () => {
  const log = new MemoryLog({ bytes: 5 })
  const large = 'x'.repeat(100)
  const [first = '', second = ''] = await fill(log, `a ${large}`)
  expect(dataOf(await log.read(first, page(10)))).toBe(large)
  await fill(log, 'b')
  expect(dataOf(await log.read(first, page(10)))).toBe('expired')
  expect(dataOf(await log.read(second, page(10)))).toBe('b')
})

test('by default a log holds 10 000 entries', async () => {
  const log = new MemoryLog()
  const first = await log.append(entry('first'))
  for (let n = 0; n < 10_000; n++) await log.append(entry('x'))
  expect(await log.read(first, page(1))).toMatchObject({ gap: false })
  await log.append(entry('x'))
  expect(await log.read(first, page(1))).toMatchObject({ gap: true })
})

test('by default a log holds 16 MiB', async () => {
  const log = new MemoryLog()
  // 8 MiB with its channel, whose name has one letter.
  const half = entry('x'.repeat(8_388_607))
  const first = await log.append(entry(''))
  await log.append(half)
  await log.append(half)
  expect(await log.read(first, page(1))).toMatchObject({ gap: false })
  await log.append(entry(''))
  expect(await log.read(first, page(1))).toMatchObject({ gap: true })
})

const options: [option: string, value: unknown][] = [
  ['length', 0],
  ['length', -1],
  ['length', 1.5],
  ['length', Number.NaN],
  ['length', Number.POSITIVE_INFINITY],
  ['length', '10'],
  ['length', null],
  ['bytes', 0],
  ['bytes', Number.NaN],
  ['bytes', 2 ** 53],
  ['bytes', 10n],
  ['size', 10],
]

test.each(options)('refuses the option %s of %p and names it', (option, value) => {
  expect(() => new MemoryLog({ [option]: value } as never)).toThrow(
    expect.objectContaining({ code: 'ERR_SSE_INVALID_OPTION', message: expect.stringContaining(option) }),
  )
})

test('an option that is undefined has its default', async () => {
  const log = new MemoryLog({ length: undefined, bytes: undefined } as never)
  const [first = ''] = await fill(log, 'a b')
  expect(dataOf(await log.read(first, page(10)))).toBe('b')
})

// A follower that appended while it received an entry made the log deliver the newer entry to all others first, and one
// that started to follow in the meantime received the older one twice.
test('an entry that a follower appends is delivered after the one it received', async () => {
  const log = new MemoryLog({ length: 2 })
  const received: string[] = []
  const listen = (name: string): LogFollower =>
    follower({
      start: (_, backlog) => received.push(`${name}: start ${backlog.map(({ data }) => data)}`),
      entries: (batch) => received.push(...batch.map(({ data }) => `${name}: ${data}`)),
    })
  const reacts = (batch: readonly LogEntry[]) => {
    if (batch[0]?.data !== 'a') return
    for (const data of ['b', 'c', 'd']) void log.append(entry(data))
    void log.follow(listen('late'), { backlog: page(9) })
  }
  void log.follow(follower({ entries: reacts }), { backlog: page(0) })
  void log.follow(listen('other'), { backlog: page(0) })
  await fill(log, 'a e')
  expect(received).toEqual([
    'other: start ',
    'late: start c,d',
    'other: a',
    'other: b',
    'other: c',
    'other: d',
    'other: e',
    'late: e',
  ])
})

test('an entry that a follower appends in start() is delivered after the start', async () => {
  const log = new MemoryLog()
  const received: string[] = []
  void log.follow(
    follower({
      start: () => void log.append(entry('a')),
      entries: (batch) => received.push(...batch.map(({ data }) => data)),
    }),
    { backlog: page(0) },
  )
  expect(received).toEqual(['a'])
})

test('after a follower has closed the log, no other follower is called', async () => {
  const log = new MemoryLog()
  let received = 0
  const done = log.follow(follower({ entries: () => void log.close() }), { backlog: page(0) })
  void log.follow(follower({ entries: () => received++ }), { backlog: page(0) })
  await fill(log, 'a')
  await done
  expect(received).toBe(0)
})
