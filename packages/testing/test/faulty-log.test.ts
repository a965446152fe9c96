import { type LogEntry, type LogFollower, type LogReading, MemoryLog } from '@downstream/core'
import { FaultyLog } from '@downstream/testing'

const atMost = (length: number) => ({ length, bytes: 1_000_000 })
const entry = (data: string) => ({ channels: ['c'], data })
const words = (entries: readonly LogEntry[]) => entries.map(({ data }) => data).join(' ')
const dataOf = (reading: LogReading) => (reading.gap ? reading.reason : words(reading.entries))

/** Appends one entry for each word, concurrently; returns their cursors. */
const fill = (log: FaultyLog, text: string) =>
  Promise.all(text.split(' ').map((data) => log.append(entry(data))))

/** What a follower receives, one line per call. */
function listen(log: FaultyLog, backlog = 0): { received: string[]; heads: string[]; done: Promise<void> } {
  const received: string[] = []
  const heads: string[] = []
  const follower: LogFollower = {
    start(head, entries) {
      heads.push(head)
      received.push(`start ${words(entries)}`.trim())
    },
    entries: (batch) => received.push(words(batch)),
    reset(head, reason) {
      heads.push(head)
      received.push(`reset ${reason}`)
    },
    state: (up, error) => received.push(up ? 'up' : `down: ${error}`),
  }
  return { received, heads, done: log.follow(follower, { backlog: atMost(backlog) }) }
}

/** Whether a promise has settled. */
function watch(promise: Promise<unknown>): { settled: boolean } {
  const watched = { settled: false }
  const settle = () => {
    watched.settled = true
  }
  promise.then(settle, settle)
  return watched
}

const turn = () => new Promise(setImmediate)

let engine: MemoryLog
let log: FaultyLog
let start: string

beforeEach(() => {
  engine = new MemoryLog()
  log = new FaultyLog(engine)
  start = listen(log).heads[0] as string
})

afterEach(() => log.close())

const all = async () => dataOf(await engine.read(start, atMost(100)))

describe('hold', () => {
  test('append: nothing is stored until it is released, then everything in order', async () => {
    const release = log.hold('append')
    const appends = fill(log, 'a b c')
    const watched = watch(appends)
    await turn()
    expect([watched.settled, await all()]).toEqual([false, ''])
    release()
    const late = log.append(entry('d'))
    await Promise.all([appends, late])
    expect(await all()).toBe('a b c d')
  })

  test('append: what its caller changes in the meantime is not stored', async () => {
    const release = log.hold('append')
    const owned = entry('before')
    const append = log.append(owned)
    owned.data = 'changed'
    release()
    await append
    expect(await all()).toBe('before')
  })

  test('read: it is answered when it is released, with the entries stored by then', async () => {
    const release = log.hold('read')
    const reading = log.read(start, atMost(10))
    const watched = watch(reading)
    await fill(log, 'a')
    await turn()
    expect(watched.settled).toBe(false)
    release()
    expect(dataOf(await reading)).toBe('a')
  })

  test('entries: every follower gets the held entries as one batch, and later ones as they are appended', async () => {
    const followers = [listen(log), listen(log)]
    await fill(log, 'a')
    const release = log.hold('entries')
    await fill(log, 'b c d')
    for (const { received } of followers) expect(received).toEqual(['start', 'up', 'a'])
    release()
    await fill(log, 'e')
    for (const { received } of followers) expect(received).toEqual(['start', 'up', 'a', 'b c d', 'e'])
  })

  test('entries: an entry that a follower appends during a batch is delivered after the batch', async () => {
    const received: string[] = []
    const entries = (batch: readonly LogEntry[]) => {
      for (const { data } of batch) {
        if (data === 'a') void fill(log, 'c')
        received.push(data)
      }
    }
    void log.follow({ start() {}, entries, reset() {}, state() {} }, { backlog: atMost(0) })
    const release = log.hold('entries')
    await fill(log, 'a b')
    release()
    expect(received).toEqual(['a', 'b', 'c'])
  })

  test('twice: both must be released, each once', async () => {
    const { received } = listen(log)
    const [first, second] = [log.hold('entries'), log.hold('entries')]
    await fill(log, 'a')
    first()
    first()
    expect(received).toEqual(['start', 'up'])
    second()
    expect(received).toEqual(['start', 'up', 'a'])
  })
})

describe('fail', () => {
  test('append: the next one rejects and is not stored', async () => {
    log.fail('append')
    await expect(log.append(entry('a'))).rejects.toThrow('not stored')
    await fill(log, 'b')
    expect(await all()).toBe('b')
  })

  test('append, stored: it rejects, but the entry is stored and delivered', async () => {
    const { received } = listen(log)
    log.fail('append', { stored: true })
    await expect(log.append(entry('a'))).rejects.toThrow('is stored')
    expect(await all()).toBe('a')
    expect(received).toEqual(['start', 'up', 'a'])
  })

  test('read: the given number of reads reject, whatever their cursors', async () => {
    log.fail('read', { times: 2 })
    await expect(log.read(start, atMost(10))).rejects.toThrow('read fails')
    await expect(log.read('', atMost(10))).rejects.toThrow('read fails')
    expect(dataOf(await log.read(start, atMost(10)))).toBe('')
  })
})

describe('trim', () => {
  test('a read is a gap if entries after its cursor were dropped, and only then', async () => {
    const cursors = await fill(log, 'a b c d')
    log.trim(2)
    const readings = await Promise.all([start, ...cursors].map((cursor) => log.read(cursor, atMost(10))))
    expect(readings.map(dataOf)).toEqual(['expired', 'expired', 'c d', 'd', ''])
    log.trim()
    await fill(log, 'e')
    const later = await Promise.all(cursors.map((cursor) => log.read(cursor, atMost(10))))
    expect(later.map(dataOf)).toEqual(['expired', 'expired', 'expired', 'e'])
  })

  test('a new follower does not receive what was dropped', async () => {
    await fill(log, 'a b c')
    log.trim(1)
    expect(listen(log, 10).received[0]).toBe('start c')
  })

  test('a follower whose entries were held gets a reset in place of the dropped ones', async () => {
    const { received, heads } = listen(log)
    const release = log.hold('entries')
    const cursors = await fill(log, 'a b c d')
    log.trim(1)
    release()
    expect(received).toEqual(['start', 'up', 'reset trimmed', 'd'])
    expect(heads.at(-1)).toBe(cursors[2])
    expect(dataOf(await log.read(heads.at(-1) as string, atMost(10)))).toBe('d')
  })

  test('a follower that has received everything before gets no reset', async () => {
    const { received } = listen(log)
    await fill(log, 'a b')
    log.trim()
    await fill(log, 'c')
    expect(received).toEqual(['start', 'up', 'a', 'b', 'c'])
  })
})

describe('reset', () => {
  test.each(['trimmed', 'log-changed'] as const)(
    '%s: followers receive it, and nothing older can be read',
    async (reason) => {
      const { received, heads } = listen(log)
      const cursors = await fill(log, 'a b')
      log.reset(reason)
      expect(received).toEqual(['start', 'up', 'a', 'b', `reset ${reason}`])
      expect(heads.at(-1)).toBe(cursors[1])
      await fill(log, 'c')
      expect(received.at(-1)).toBe('c')
      const readings = await Promise.all([start, ...cursors].map((cursor) => log.read(cursor, atMost(10))))
      expect(readings.map(dataOf)).toEqual(['expired', 'expired', 'c'])
    },
  )

  test('entries that are held are lost in a reset', async () => {
    const { received, heads } = listen(log)
    const release = log.hold('entries')
    const cursors = await fill(log, 'a b')
    log.reset('log-changed')
    expect(received).toEqual(['start', 'up'])
    await fill(log, 'c')
    release()
    expect(received).toEqual(['start', 'up', 'reset log-changed', 'c'])
    expect(heads.at(-1)).toBe(cursors[1])
  })
})

describe('down and up', () => {
  test('calls reject, nothing is stored, followers are notified and receive nothing until it is up', async () => {
    const other = new FaultyLog(engine)
    const { received } = listen(log)
    log.down()
    log.down()
    await expect(log.append(entry('lost'))).rejects.toThrow('cannot be reached')
    await expect(log.read(start, atMost(10))).rejects.toThrow('cannot be reached')
    await fill(other, 'a b')
    expect(received).toEqual(['start', 'up', expect.stringMatching(/^down: .*cannot be reached/)])
    log.up()
    log.up()
    await fill(log, 'c')
    expect(received.slice(3)).toEqual(['up', 'a b', 'c'])
    expect(await all()).toBe('a b c')
  })

  test('a follow() starts when it is up', async () => {
    log.down()
    const { received } = listen(log, 10)
    await fill(new FaultyLog(engine), 'a')
    expect(received).toEqual([])
    log.up()
    expect(received).toEqual(['start a', 'up'])
  })

  test('what is dropped in the meantime causes a reset', async () => {
    const { received } = listen(log)
    log.down()
    await fill(new FaultyLog(engine), 'a b c')
    log.trim(1)
    log.up()
    expect(received.slice(3)).toEqual(['up', 'reset trimmed', 'c'])
  })

  test('an append that was held when it went down is not stored', async () => {
    const release = log.hold('append')
    const append = log.append(entry('a'))
    log.down()
    release()
    await expect(append).rejects.toThrow('cannot be reached')
    log.up()
    expect(await all()).toBe('')
  })
})

test('close() settles what is held and ends every follow(), down or not; the engine stays open', async () => {
  const followed = listen(log)
  log.hold('append')
  log.hold('read')
  const [append, read] = [log.append(entry('a')), log.read(start, atMost(10))]
  log.down()
  const waiting = listen(log)
  await Promise.all([
    log.close(),
    expect(append).rejects.toMatchObject({ code: 'ERR_SSE_LOG_CLOSED' }),
    expect(read).rejects.toThrow(),
    followed.done,
    waiting.done,
  ])
  expect(waiting.received).toEqual([])
  await engine.append(entry('b'))
  expect(await all()).toBe('b')
  expect(followed.received).not.toContain('b')
})
