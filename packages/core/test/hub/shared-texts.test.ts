import { randomBytes } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { constants, gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { Decompress, decompress } from 'fzstd'
import { createHub } from '../../src/hub/create-hub.ts'
import type { Hub, SubscribeOptions } from '../../src/hub/hub.ts'
import { MemoryLog } from '../../src/log/memory-log.ts'
import type { StreamCoding } from '../../src/stream/compression/compression-options.ts'
import { chooseCoder } from '../../src/stream/compression/response-coder.ts'
import { SharedText } from '../../src/stream/compression/shared-text.ts'
import { resolveOptions } from '../../src/stream/event-stream-options.ts'
import { ResponseEventStream } from '../../src/stream/response-event-stream.ts'
import { ResponsePort } from '../../src/stream/response-port.ts'
import { FakeTarget } from '../stream/fake-target.ts'
import { FaultyLog } from './faulty-log.ts'
import { settle } from './settle.ts'

const open: ResponsePort[] = []
/** The hub would wait for streams that have not ended. */
async function close(hub: Hub): Promise<void> {
  for (const port of open.splice(0)) port.onResponseClose()
  await hub.close()
}

/** One client twice: without compression and with it. */
class Twins {
  readonly plain: ReturnType<typeof begin>
  readonly coded: ReturnType<typeof begin>
  readonly coding: StreamCoding

  constructor(lastEventId: string, mode: 'shared' | 'own', coding: StreamCoding) {
    this.coding = coding
    this.plain = begin(lastEventId)
    this.coded = begin(lastEventId, { mode, encodings: [coding], minBytes: 20 })
  }

  get both() {
    return [this.plain, this.coded]
  }

  /** What the compressed client can decode: of everything so far, or of the whole. */
  read(whole = false): string {
    const bytes = Buffer.from(this.coded.target.text, 'latin1')
    if (this.coding === 'zstd') return whole ? Buffer.from(decompress(bytes)).toString() : soFar(bytes)
    return gunzipSync(bytes, whole ? {} : { finishFlush: constants.Z_SYNC_FLUSH }).toString()
  }

  get bytes(): number {
    return this.coded.target.text.length
  }
}

function begin(lastEventId: string, compression?: Parameters<typeof chooseCoder>[1]) {
  const port = new ResponsePort(lastEventId, resolveOptions({ keepAlive: false }))
  open.push(port)
  const target = new FakeTarget()
  port.begin(target, compression && chooseCoder('gzip, zstd', compression)?.coder)
  return { port, target, stream: new ResponseEventStream(port) }
}

/** What an independent decoder reads of a frame that has not ended. */
function soFar(bytes: Uint8Array): string {
  const chunks: Uint8Array[] = []
  new Decompress((chunk) => void chunks.push(chunk)).push(bytes)
  return Buffer.concat(chunks).toString()
}

function follow(
  hub: Hub,
  channels: string[],
  options: SubscribeOptions = {},
  id = '',
  mode: 'shared' | 'own' = 'shared',
  coding: StreamCoding = 'gzip',
): Twins {
  const twins = new Twins(id, mode, coding)
  for (const { stream } of twins.both) hub.subscribe(stream, channels, options)
  return twins
}

const row = (n: number) => ({ n, text: `the same in all of them, but for the number ${n % 7}` })

describe('whatever happens, decompressed bytes equal those without compression:', () => {
  const client = fc.nat(5)
  const command = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('publish' as const),
        count: fc.integer({ min: 1, max: 8 }),
        channel: fc.constantFrom('a', 'b'),
        size: fc.constantFrom(1, 1, 1, 60),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('join' as const),
        client,
        channels: fc.constantFrom<string[][]>(['a'], ['a', 'b']),
        filter: fc.boolean(),
        own: fc.boolean(),
        coding: fc.constantFrom<StreamCoding[]>('gzip', 'zstd'),
        resume: fc.constantFrom('', 'last', 'first', 'nonsense'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('leave' as const),
        client,
        how: fc.constantFrom('close', 'gone'),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('send' as const),
        client,
        text: fc.constantFrom('private', 'Grüße 😀', 'x'.repeat(3_000)),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('comment' as const), client }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('stall' as const), client }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('drain' as const), client }) },
  )

  test('joins, leaves, private sends, keep-alives, filters, stalls and resumes', async () => {
    let decoded = 0
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 10, maxLength: 60 }), async (commands) => {
        const hub: Hub = createHub({
          log: new MemoryLog({ length: 60 }),
          tail: { length: 20 },
          gapDelay: 0,
        })
        const clients = new Map<number, Twins>()
        const ids: string[] = []
        let n = 0
        for (const one of commands) {
          const twins = 'client' in one ? clients.get(one.client) : undefined
          if (one.do === 'publish') {
            for (let count = 0; count < one.count; count++) {
              const data = { ...row(n++), rows: Array.from({ length: one.size }, (_, index) => row(index)) }
              ids.push(await hub.publish(one.channel, { data }))
            }
          } else if (one.do === 'join' && twins === undefined) {
            const id = { last: ids.at(-1), first: ids[0], nonsense: 'nonsense', '': '' }[one.resume] ?? ''
            const filter = one.filter ? ({ data }: { data: string }) => !data.includes('"n":3') : undefined
            clients.set(
              one.client,
              follow(hub, one.channels, filter && { filter }, id, one.own ? 'own' : 'shared', one.coding),
            )
          } else if (twins !== undefined) {
            for (const { stream, port, target } of twins.both) {
              if (one.do === 'send') void stream.send({ event: 'private', data: one.text })
              if (one.do === 'comment') void stream.comment()
              if (one.do === 'stall') target.hasRoom = false
              if (one.do === 'drain') target.drain()
              if (one.do === 'leave' && one.how === 'close') stream.close()
              if (one.do === 'leave' && one.how === 'gone') port.onResponseClose()
            }
          }
          await settle(6)
          for (const one of clients.values()) expect(one.read()).toBe(one.plain.target.text)
          if (one.do !== 'leave' || twins === undefined) continue
          clients.delete(one.client)
          if (one.how === 'close') expect(twins.read(true)).toBe(twins.plain.target.text)
        }
        for (const twins of clients.values()) {
          for (const { target } of twins.both) target.drain()
          await settle(20)
          for (const { stream } of twins.both) stream.close()
          expect(twins.read(true)).toBe(twins.plain.target.text)
          decoded += twins.plain.target.text.length
        }
        await close(hub)
      }),
      { numRuns: 60 },
    )
    expect(decoded).toBeGreaterThan(20_000)
  })
})

describe('a stream', () => {
  let hub: Hub
  let n: number
  beforeEach(() => {
    hub = createHub()
    n = 0
  })
  afterEach(() => close(hub))

  /** The bytes that one more event takes. */
  async function next(twins: Twins, data: (n: number) => unknown = row): Promise<number> {
    const before = twins.bytes
    await hub.publish('a', { data: data(n++) })
    await settle()
    return twins.bytes - before
  }

  test('gets few bytes from its third event on, whenever it subscribed', async () => {
    const first = follow(hub, ['a'])
    for (let count = 0; count < 30; count++) await next(first)
    const second = follow(hub, ['a'])
    await next(second)
    await next(second)
    expect(await next(second)).toBeLessThan(40)
    expect(await next(first)).toBeLessThan(40)
  })

  test('gets events that others of the same channels got before, compressed once', async () => {
    const twins = Array.from({ length: 5 }, () => follow(hub, ['a']))
    for (let count = 0; count < 5; count++) await next(twins[0] as Twins)
    const last = twins.map(({ coded }) => coded.target.writes.at(-1))
    expect(new Set(last).size).toBe(1)
  })

  test('that was sent something private uses the dictionary again one event later', async () => {
    const twins = follow(hub, ['a'])
    for (let count = 0; count < 5; count++) await next(twins)
    await twins.coded.stream.send('private')
    expect(await next(twins)).toBeGreaterThan(70)
    expect(await next(twins)).toBeLessThan(40)
  })

  test('whose filter accepts everything shares compressed text with those without a filter', async () => {
    const all = follow(hub, ['a'])
    const filtered = follow(hub, ['a'], { filter: ({ data }) => !data.includes('"n":3,') })
    for (let count = 0; count < 3; count++) await next(all)
    expect(await next(filtered)).toBe(0)
    expect(await next(filtered)).toBeGreaterThan(70)
    expect(await next(filtered)).toBeLessThan(40)
    expect(filtered.read()).not.toContain('"n":3,')
  })

  // Positions start again at 0, where the shared text of the old log still had its events.
  test('uses nothing from before the reset of its log', async () => {
    await hub.close()
    const log = new FaultyLog()
    hub = createHub({ log, gapDelay: 0 })
    const twins = follow(hub, ['a'])
    for (let count = 0; count < 5; count++) await next(twins)
    log.restart()
    await settle(10)
    for (let count = 0; count < 3; count++) await next(twins)
    for (const { stream } of twins.both) stream.close()
    expect(twins.read(true)).toBe(twins.plain.target.text)
    expect(twins.read(true)).toContain('event: gap')
  })
})

test('with too many sets of channels, those with the fewest streams are not compressed', async () => {
  const hub: Hub = createHub()
  const lonely = Array.from({ length: 70 }, (_, index) => follow(hub, [`room ${index}`]))
  const sizes = async () => {
    const before = lonely.map(({ bytes }) => bytes)
    for (let index = 0; index < 70; index++) await hub.publish(`room ${index}`, { data: row(0) })
    await settle(10)
    return lonely.map(({ bytes }, index) => bytes - (before[index] as number))
  }
  for (let count = 0; count < 3; count++) await sizes()
  expect((await sizes()).filter((bytes) => bytes > 70)).toHaveLength(70 - 64)
  const crowd = [follow(hub, ['room 69'])]
  // Twice as many streams are not enough: sets of about the same size would take turns, each from an empty text.
  for (let count = 0; count < 3; count++) await sizes()
  expect((await sizes())[69]).toBeGreaterThan(70)
  for (let count = 0; count < 4; count++) crowd.push(follow(hub, ['room 69']))
  for (let count = 0; count < 3; count++) await sizes()
  expect((await sizes())[69]).toBeLessThan(40)
  for (const { bytes, read } of lonely.map((twins) => ({ bytes: twins.bytes, read: twins.read() })))
    expect(bytes < read.length + 200).toBe(true)
  expect(crowd[0]?.read()).toBe(crowd[0]?.plain.target.text)
  await close(hub)
})

// Sets of channels come and go: those of users, for example.
test('the text of a set of channels is held no longer than it has streams', async () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage: () => void = runInNewContext('gc')
  const heap = () => {
    collectGarbage()
    return process.memoryUsage().heapUsed
  }
  const comeAndGo = async (hub: Hub): Promise<void> => {
    const rooms = Array.from({ length: 60 }, () =>
      begin('', { mode: 'shared', encodings: ['gzip'], minBytes: 1_000_000 }),
    )
    for (const [room, { stream }] of rooms.entries()) hub.subscribe(stream, `room ${room}`)
    for (let n = 0; n < 60 * 25; n++) {
      await hub.publish(`room ${n % 60}`, { data: randomBytes(2_500).toString('hex') })
      await settle(1)
    }
    for (const { port } of rooms) expect(port.sentEvents).toBe(25)
    for (const port of open.splice(0)) port.onResponseClose()
    await settle()
  }
  const small = () => createHub({ log: new MemoryLog({ length: 10 }), tail: { length: 10 } })
  // The first time, the heap grows by what Node keeps of the code that runs.
  const first: Hub = small()
  await comeAndGo(first)
  await first.close()
  const hub: Hub = small()
  const before = heap()
  await comeAndGo(hub)
  expect(heap() - before).toBeLessThan(3_000_000)
  await hub.close()
})

test.each<StreamCoding>(['gzip', 'zstd'])(
  '%s: what a stream sends and a shared text keep their order within a tick',
  async (coding) => {
    const twins = new Twins('', 'shared', coding)
    const shared = new SharedText(0)
    for (let n = 0; n < 3; n++) {
      const text = `data: shared ${n}, and long enough to be compressed\n\n`
      shared.add(n, text)
      const passage = shared.passage(n, n + 1, text)
      for (const { port, stream } of twins.both) {
        void stream.send(`before ${n}`)
        port.write(text, false, passage)
        void stream.send(`after ${n}`)
      }
      await settle()
    }
    expect(twins.read()).toBe(twins.plain.target.text)
    for (const { port } of twins.both) port.onResponseClose()
  },
)
