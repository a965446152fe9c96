// Random schedules of publishing, lost connections, restarts, trimming and slow readers on several hubs of one log.
import { setImmediate as turn } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import type { Hub, HubOptions } from '../../src/hub/hub.ts'
import type { Cursor } from '../../src/log/event-log.ts'
import { eventReader } from './event-reader.ts'
import { FakePort } from './fake-port.ts'

/** A log that the hubs of several processes share. */
export interface SharedLog {
  /** Starts the hub of a process. */
  start(options: HubOptions): Hub | Promise<Hub>
  /** Ends the hub of a process whose clients have disconnected. */
  stop(hub: Hub): Promise<void>
  /**
   * Removes all entries.
   *
   * @returns whether the running hubs notice
   */
  empty(): Promise<boolean>
  /**
   * Waits until `isRight` may hold, while `turn` lets the pages receive what there is. `newest`: the ids of the entries
   * that were published last.
   */
  settle(turn: () => Promise<void>, isRight: () => boolean, newest: readonly Cursor[]): Promise<void>
}

const CHANNELS = ['a', 'b']
const PROCESSES = 2
const PAGES = 3

type State = Record<string, Record<string, number>>

const page = fc.nat(PAGES - 1)
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      channel: fc.nat(1),
      key: fc.nat(2),
      process: fc.nat(1),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('burst' as const), count: fc.integer({ min: 2, max: 30 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('kill' as const),
      page,
      process: fc.nat(1),
      room: fc.constantFrom(0, 100, Number.POSITIVE_INFINITY),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('stall' as const), page }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('read' as const), page, count: fc.nat(200) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), process: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose the log' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget the id' as const), page }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), turns: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('quiet' as const) }) },
)
export const settings = fc.record({
  tail: fc.integer({ min: 1, max: 10 }),
  log: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constant(200)),
  maxResume: fc.oneof(fc.constant(100_000), fc.integer({ min: 1, max: 6 })),
  snapshotMaxAge: fc.constantFrom(0, 1_000),
  // Turns of the event loop before and after the state is looked at.
  before: fc.nat(3),
  after: fc.nat(3),
  oneChannel: fc.boolean(),
})
export const steps = fc.array(step, { maxLength: 25 })
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never
export type Settings = typeof settings extends fc.Arbitrary<infer All> ? All : never

class Page {
  state: State = {}
  lastEventId = ''
  stream = new FakePort()
  #read = eventReader(() => {})
  #length = 0

  open(
    hub: Hub,
    channels: string[],
    snapshot: (channel: string) => unknown,
    room = Number.POSITIVE_INFINITY,
  ): void {
    this.stream.cut()
    this.stream = new FakePort(this.lastEventId)
    this.stream.room = room
    this.#length = 0
    this.#read = eventReader(({ event, data, id }) => {
      if (id !== undefined) this.lastEventId = id
      // The six lines of a page.
      if (event === 'snapshot') this.state = JSON.parse(data)
      if (event === 'set') {
        const { channel, key, value } = JSON.parse(data)
        this.state = { ...this.state, [channel]: { ...this.state[channel], [key]: value } }
      }
    })
    hub.subscribe(this.stream, channels, { snapshot })
  }

  /** What the client has read by now reaches the page. */
  receive(count?: number): void {
    const text = count === undefined ? this.stream.read(0) : this.stream.read(count)
    this.#read(text.slice(this.#length))
    this.#length = text.length
  }

  flow(): void {
    this.stream.flow()
    this.receive(Number.POSITIVE_INFINITY)
  }
}

/** Plays a schedule, and expects that each page has the state of the database whenever both are quiet. */
export async function play(log: SharedLog, options: Settings, steps: readonly Step[]): Promise<void> {
  const database: State = { a: {}, b: {} }
  const errors: unknown[] = []
  // With oneChannel, pages share a reading of channel a, but b is read at another time.
  const channelsOf = (page: Page) => (options.oneChannel && page === pages[0] ? ['a'] : CHANNELS)
  let value = 0
  let publishing: Promise<Cursor>[] = []
  let newest: readonly Cursor[] = []
  const start = () =>
    log.start({
      tail: { length: options.tail },
      maxResume: options.maxResume,
      snapshotMaxAge: options.snapshotMaxAge,
      onError: (error) => errors.push(error),
    })
  const hubs: Hub[] = []
  for (let process = 0; process < PROCESSES; process++) hubs.push(await start())
  const pages = Array.from({ length: PAGES }, () => new Page())
  const readState = async (channel: string) => {
    for (let n = 0; n < options.before; n++) await turn()
    const state = { ...database[channel] }
    for (let n = 0; n < options.after; n++) await turn()
    return state
  }
  const open = (page: Page, process: number, room?: number) =>
    page.open(hubs[process] as Hub, channelsOf(page), readState, room)
  // Each key is written by one process: two that write the same one at once may store and publish in different orders.
  const publish = (channel: string, n: number, process: number) => {
    const key = `${process}.${n}`
    const states = database[channel] as Record<string, number>
    states[key] = ++value
    const published = hubs[process]?.publish(channel, { event: 'set', data: { channel, key, value } })
    if (published !== undefined) publishing.push(published)
  }
  /** An app that ends between storing and publishing has published nothing, and the hub cannot know of it. */
  const published = async () => {
    if (publishing.length > 0) newest = await Promise.all(publishing)
    publishing = []
  }
  const restart = async (process: number) => {
    await log.stop(hubs[process] as Hub)
    hubs[process] = await start()
  }
  const expected = (page: Page) =>
    Object.fromEntries(channelsOf(page).map((channel) => [channel, database[channel]]))
  const quiet = async () => {
    await published()
    const flow = async () => {
      for (const page of pages) page.flow()
      await turn()
    }
    await log.settle(flow, () => pages.every((page) => isDeepStrictEqual(page.state, expected(page))), newest)
    for (const page of pages) expect(page.state).toEqual(expected(page))
  }
  pages.forEach((page, n) => {
    open(page, n % PROCESSES)
  })
  for (const one of steps) {
    if (one.do === 'publish') publish(CHANNELS[one.channel] as string, one.key, one.process)
    else if (one.do === 'burst') for (let n = 0; n < one.count; n++) publish('a', n % 3, n % PROCESSES)
    else if (one.do === 'kill') open(pages[one.page] as Page, one.process, one.room)
    else if (one.do === 'stall') (pages[one.page] as Page).stream.room = 0
    else if (one.do === 'read') pages[one.page]?.receive(one.count)
    else if (one.do === 'forget the id') {
      const page = pages[one.page] as Page
      page.lastEventId = ''
      open(page, 0)
    } else if (one.do === 'restart' || one.do === 'lose the log') {
      await published()
      const isNoticed = one.do === 'lose the log' && (await log.empty())
      if (one.do === 'lose the log') newest = []
      if (!isNoticed) {
        for (const page of pages) page.stream.cut()
        for (let process = 0; process < PROCESSES; process++) {
          if (one.do === 'lose the log' || process === one.process) await restart(process)
        }
        for (const [n, page] of pages.entries()) open(page, n % PROCESSES)
      }
    } else if (one.do === 'wait') for (let n = 0; n < one.turns; n++) await turn()
    else await quiet()
    for (const page of pages)
      if (page.stream.room === Number.POSITIVE_INFINITY) page.receive(Number.POSITIVE_INFINITY)
  }
  await quiet()
  expect(errors).toEqual([])
  for (const page of pages) page.stream.cut()
  for (const hub of hubs) await log.stop(hub)
}
