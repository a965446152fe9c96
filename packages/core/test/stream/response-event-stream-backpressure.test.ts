import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { eventually } from '@downstream/testing'
import { codeOf } from './close-code.ts'
import { type Opened, openOne } from './serve.ts'

const CHUNK = 'x'.repeat(65_536)

/** Sends to a client that does not read, until a send must wait. */
async function fill(opened: Opened): Promise<{ waiting: Promise<boolean> }> {
  opened.client.pause()
  for (;;) {
    const waiting = opened.stream.send(CHUNK)
    const first = await Promise.race([waiting, someTurns()])
    if (first === undefined) return { waiting }
  }
}

/** Enough time for everything that waits for ready I/O. */
async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await nextTurn()
}

test('a send waits while the client does not read, and continues when it does', async () => {
  const opened = await openOne()
  const { waiting } = await fill(opened)
  opened.client.resume()
  expect(await waiting).toBe(true)
})

test.each(['reset', 'close'] as const)(
  'every waiting send settles when the client stalls and then disconnects by %s',
  async (leave) => {
    const opened = await openOne()
    const { waiting: first } = await fill(opened)
    const waiting = [first, opened.stream.send('two'), opened.stream.comment('three')]
    opened.client[leave]()
    expect(await Promise.all(waiting)).toEqual([false, false, false])
    expect(codeOf(opened.stream)).toBe('ERR_SSE_CLIENT_CLOSED')
    expect(await opened.stream.send('four')).toBe(false)
  },
)

test('awaiting each send keeps next to nothing of 100 MB in memory for a client that stalls now and then', async () => {
  const { stream, res, client } = await openOne({ maxBufferedBytes: 500_000 })
  let received = 0
  let stalls = 0
  const { socket } = client
  // Counted instead of stored.
  socket.removeAllListeners('data').on('data', (chunk: Buffer) => {
    received += chunk.length
    if (received < stalls * 20_000_000) return
    stalls++
    socket.pause()
    void someTurns().then(() => socket.resume())
  })
  let most = 0
  for (let sent = 0; sent < 1_600; sent++) {
    const settled = stream.send(CHUNK)
    most = Math.max(most, res.writableLength)
    expect(await settled).toBe(true)
  }
  stream.close()
  await eventually('100 MB', () => received > 1_600 * CHUNK.length)
  expect(stalls).toBeGreaterThanOrEqual(5)
  expect(most).toBeLessThan(300_000)
})

test('un-awaited sends beyond maxBufferedBytes end the stream of a slow client', async () => {
  const opened = await openOne({ maxBufferedBytes: 300_000 })
  const { waiting } = await fill(opened)
  let sends = 0
  while (!opened.stream.closed && sends < 100) {
    opened.stream.send(CHUNK)
    sends++
  }
  expect(codeOf(opened.stream)).toBe('ERR_SSE_SLOW_CLIENT')
  expect(await waiting).toBe(false)
  expect(sends).toBeLessThan(10)
  await once(opened.res, 'close')
  expect(opened.res.socket?.destroyed ?? true).toBe(true)
})

test('un-awaited sends within a tick do not mean a slow client', async () => {
  const opened = await openOne({ maxBufferedBytes: 1_000 })
  for (let sent = 0; sent < 500; sent++) opened.stream.send(`event ${sent}`)
  expect(opened.stream.closed).toBe(false)
  await opened.client.receives('event 499')
})

test('an endless source is pulled at the pace of its client, and others are served meanwhile', async () => {
  const opened = await openOne()
  let pulled = 0
  const endless = function* () {
    for (;;) yield `${pulled++}:${CHUNK}`
  }
  opened.client.pause()
  const done = opened.stream.sendAll(endless)
  await eventually('a full connection', () => opened.res.socket?.writableNeedDrain)
  await someTurns()
  const before = pulled
  await someTurns()
  expect(pulled).toBe(before)
  opened.client.resume()
  await eventually('more', () => pulled > before + 10)
  opened.client.reset()
  await done
})

test('a source that yields without a pause to a client that never stalls does not block the event loop', async () => {
  const opened = await openOne()
  // A connection that accepts everything at once.
  opened.res.write = () => true
  let turns = 0
  let over = false
  const count = () => {
    turns++
    if (!over) setImmediate(count)
  }
  setImmediate(count)
  await opened.stream.sendAll(Array.from({ length: 20_000 }, (_, index) => `event number ${index}`))
  over = true
  expect(turns).toBeGreaterThan(10)
})
