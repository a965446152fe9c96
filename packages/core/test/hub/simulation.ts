import { setImmediate as nextTurn } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { ReceivedEvent } from '@downstream/testing'
import type { SseCloseCode } from '../../src/errors.ts'
import type { PublishedEvent, SubscribeOptions } from '../../src/hub/hub.ts'
import { LogHub } from '../../src/hub/log-hub.ts'
import type { LogBounds } from '../../src/log/event-log.ts'
import type { EventStream } from '../../src/stream/event-stream.ts'
import type { StreamOwner, StreamPort } from '../../src/stream/stream-port.ts'
import { eventReader } from './event-reader.ts'
import { FaultyLog } from './faulty-log.ts'
import { type First, History, Judge, NO_POSITION, type Payload, type Standing, type Wish } from './model.ts'

/** A stream as a simulation uses it: the stream, and the actions of its client. */
export interface SimulatedStream extends EventStream, StreamPort {
  room: number
  /** The client reads up to `count` characters more; returns everything that it has read so far. */
  read(count?: number): string
  flow(): void
  cut(code?: SseCloseCode): void
  wake(): void
}

const CHANNELS = ['a', 'b', 'c'] as const

export interface Settings {
  tail: LogBounds
  log: LogBounds
  maxResume: number
  /** How many entries a read of the log returns at most. */
  pageLength: number
  /** How many entries the log has before there is a hub. */
  backlog: number
  /** Whether the log is followed only after the first steps. */
  startHeld: boolean
}

/** Where a new client claims to be. */
export type From =
  | { by: 'id' | 'after'; back: number }
  | { by: 'none' | 'foreign' | 'malformed' | 'future' | 'earlier hub' | 'cursor()' }

export type Step =
  | { do: 'publish'; channel: number; count: number; size: number }
  | { do: 'publish to several'; channels: number[] }
  | { do: 'disconnect'; key: number }
  | { do: 'connect'; channels: number[]; from: From; filter: boolean; coalesce: boolean; room: number }
  | { do: 'stall' | 'read'; client: number; amount: number }
  | { do: 'flow' | 'cut' | 'close' | 'wake' | 'reconnect' | 'unsubscribe'; client: number }
  | { do: 'wake all' | 'turn' | 'turns' }
  | { do: 'hold reads' | 'release reads' | 'hold follower' | 'release follower' | 'lose' | 'restart' }
  | { do: 'fail reads'; count: number }

/** Which method writes to a FakePort that accepts everything. */
export const ENDLESS: number = Number.POSITIVE_INFINITY
/** The turns after which everything must have arrived, once nothing delays it. */
const SETTLE_TURNS = 300
const EARLIER = 'c0ffee000000'

/** One client over all its connections. */
class Client {
  readonly wish: Wish
  readonly options: SubscribeOptions
  readonly #open: (lastEventId: string) => SimulatedStream
  /** What it knows from what it has read. */
  standing: Standing = NO_POSITION
  stream: SimulatedStream | undefined
  unsubscribe: (() => void) | undefined
  /** Its key was disconnected while it had this stream. */
  mustBeClosed: SimulatedStream | undefined
  judge: Judge | undefined
  /** The first violation by the hub. */
  #violation: Error | undefined
  #standings: { event: ReceivedEvent; standing: Standing }[] = []
  #read: (text: string) => void = () => {}
  #taken = 0
  #events = 0

  constructor(wish: Wish, options: SubscribeOptions, open: (lastEventId: string) => SimulatedStream) {
    this.wish = wish
    this.options = options
    this.#open = open
  }

  get isOpen(): boolean {
    return this.stream !== undefined && !this.stream.closed && this.unsubscribe !== undefined
  }

  connect(hub: LogHub, judge: Judge, lastEventId: string, room: number): void {
    const stream = this.#open(lastEventId)
    stream.room = room
    this.stream = stream
    this.judge = judge
    this.#standings = []
    this.#taken = 0
    this.#events = 0
    this.#read = eventReader((event) => {
      const sent = this.#standings[this.#events++]
      if (sent === undefined || !isDeepStrictEqual(sent.event, event))
        this.#blame(new Error(`Read ${JSON.stringify(event)}, sent ${JSON.stringify(sent?.event)}`))
      else this.standing = sent.standing
    })
    this.#judgeWrites(stream, judge)
    this.unsubscribe = hub.subscribe(stream, this.wish.channels, this.options)
  }

  /** Reads from its stream. */
  read(count: number): void {
    const text = this.stream?.read(count) ?? ''
    this.#read(text.slice(this.#taken))
    this.#taken = text.length
  }

  /** Reads everything that there is, unless it is paused. */
  readOn(): void {
    if (this.stream?.room === ENDLESS) this.read(ENDLESS)
  }

  check(): void {
    if (this.mustBeClosed?.closed === false) throw new Error('It is open, though its key is disconnected.')
    if (this.#violation !== undefined) throw this.#violation
  }

  /** Judges every write when it is made. */
  #judgeWrites(stream: SimulatedStream, judge: Judge): void {
    const read = eventReader((event) => {
      try {
        this.#standings.push({ event, standing: judge.receive(event) })
      } catch (error) {
        this.#blame(error as Error)
      }
    })
    const write = stream.write.bind(stream)
    stream.write = (text) => {
      read(text)
      const hasRoom = write(text)
      if (!hasRoom && stream.bufferedBytes > 0) judge.wasSlow = true
      return hasRoom
    }
    const attach = stream.attach.bind(stream)
    stream.attach = (owner: StreamOwner) =>
      attach({
        onRoom: () => owner.onRoom(),
        flush: () => owner.flush(),
        onOver: (code) => owner.onOver(code),
        onWait: () => owner.onWait(),
        onWake: () => {
          const news = owner.onWake()
          // A FakePort writes it with the method above.
          if (news !== '' && !('writes' in stream)) read(news)
          return news
        },
      })
  }

  #blame(error: Error): void {
    this.#violation ??= error
  }
}

/** Takes the steps of one run with a hub, while a model observes it. Throws at the first violation. */
export async function simulate(
  settings: Settings,
  steps: readonly Step[],
  open: (lastEventId: string) => SimulatedStream,
): Promise<void> {
  const history = new History(settings.log, settings.tail)
  const log = new FaultyLog(settings.log, { startHeld: settings.startHeld, watcher: history })
  log.pageLength = settings.pageLength
  let published = 0
  const entry = (channel: string, size: number) => {
    const n = published++
    const key = n % 4 === 0 ? undefined : `k${n % 3}`
    const data: Payload = { n, key, pad: 'x'.repeat(size) }
    return { channel, event: n % 5 === 0 ? undefined : `e${n % 2}`, data }
  }
  for (let count = 0; count < settings.backlog; count++) {
    const { data, ...rest } = entry(CHANNELS[count % CHANNELS.length] as string, 0)
    await log.append({ event: rest.event, channels: [rest.channel], data: JSON.stringify(data) })
  }
  // A process that lags cannot distinguish a client far back from one that is ahead.
  const maxResume = steps.some((step) => step.do === 'hold follower') ? 100_000 : settings.maxResume
  const hub = new LogHub({
    log,
    tail: settings.tail,
    maxResume,
    onError: () => {},
  })
  const clients: Client[] = []
  const pick = (index: number) => (clients.length === 0 ? undefined : clients[index % clients.length])
  const judgeFor = (client: Client, first: First = '') =>
    new Judge(history, client.wish, maxResume, client.standing, first)
  const publish = (channel: string, size: number) => {
    const { data, event } = entry(channel, size)
    void hub.publish(channel, { event, data })
  }

  const connect = ({ channels, from, filter, coalesce, room }: Step & { do: 'connect' }) => {
    const names = channels.map((channel) => CHANNELS[channel % CHANNELS.length] as string)
    const wish: Wish = { channels: names, coalesce, filter: filter ? ({ n }) => n % 3 !== 0 : undefined }
    const options: SubscribeOptions = {
      ...(filter && { filter: ({ data }: PublishedEvent) => JSON.parse(data).n % 3 !== 0 }),
      ...(coalesce && { coalesce: ({ data }: PublishedEvent) => JSON.parse(data).key }),
    }
    options.key = `key ${clients.length % 3}`
    const client = new Client(wish, options, open)
    clients.push(client)
    const { id, first } = claim(from)
    const at = history.positions.get(id)
    // A client of another process may be ahead of this one, but no client has what no process has received.
    if (at !== undefined) client.standing = { at, cursor: id }
    const by = from.by === 'after' || from.by === 'cursor()' ? 'after' : 'lastEventId'
    if (by === 'after') client.options.after = id
    client.connect(hub, judgeFor(client, first), by === 'after' ? '' : id, room)
  }

  /** What a new client claims, and what it must receive first if that is not a cursor. */
  const claim = (from: From): { id: string; first?: First } => {
    switch (from.by) {
      case 'none':
        return { id: '', first: '' }
      case 'cursor()':
        // Before the hub follows the log, cursor() returns no valid cursor.
        return { id: hub.cursor(), first: 'malformed' }
      case 'foreign':
        return { id: 'ABC', first: 'malformed' }
      case 'malformed':
        return { id: 'données\tx', first: 'malformed' }
      case 'earlier hub':
        return { id: `${EARLIER}-1`, first: 'expired' }
      case 'future': {
        const epoch = [...history.positions.keys()].at(-1)?.split('-')[0]
        return { id: `${epoch}-zzzz`, first: 'malformed or expired' }
      }
      default: {
        const known = [...history.positions.keys()]
        return { id: known[Math.max(0, known.length - 1 - from.back)] as string }
      }
    }
  }

  history.onDisconnect = (key) => {
    for (const client of clients)
      if (client.options.key === key && client.isOpen) client.mustBeClosed = client.stream
  }

  const take = async (step: Step): Promise<void> => {
    switch (step.do) {
      case 'publish':
        for (let count = 0; count < step.count; count++)
          publish(CHANNELS[step.channel % CHANNELS.length] as string, step.size)
        return
      case 'publish to several': {
        const { data, event } = entry('', 0)
        void hub.publish(
          step.channels.map((channel) => CHANNELS[channel % CHANNELS.length] as string),
          { event, data },
        )
        return
      }
      case 'disconnect':
        void hub.disconnect(`key ${step.key}`)
        return
      case 'connect':
        return connect(step)
      case 'stall': {
        const client = pick(step.client)
        client?.read(ENDLESS)
        if (client?.stream !== undefined) client.stream.room = step.amount
        return
      }
      case 'read':
        return pick(step.client)?.read(step.amount)
      case 'flow': {
        const client = pick(step.client)
        client?.stream?.flow()
        client?.readOn()
        return
      }
      case 'cut':
        return pick(step.client)?.stream?.cut()
      case 'close':
        return pick(step.client)?.stream?.close()
      case 'unsubscribe': {
        const client = pick(step.client)
        client?.unsubscribe?.()
        if (client !== undefined) client.unsubscribe = undefined
        return
      }
      case 'wake':
        return pick(step.client)?.stream?.wake()
      case 'wake all':
        for (const { stream } of clients) stream?.wake()
        return
      case 'reconnect': {
        const client = pick(step.client)
        if (client === undefined) return
        // A client that has never received an id requests as it did the first time.
        if (client.standing.cursor === '') return
        client.stream?.cut()
        client.connect(hub, judgeFor(client), client.standing.cursor, ENDLESS)
        return
      }
      case 'turn':
        await nextTurn()
        for (const client of clients) client.readOn()
        return
      case 'turns':
        for (let turn = 0; turn < 4; turn++) await take({ do: 'turn' })
        return
      case 'hold reads':
        log.readsHeld = true
        return
      case 'release reads':
        return log.releaseReads()
      case 'fail reads':
        log.failures = step.count
        return
      case 'hold follower':
        return log.holdFollower()
      case 'release follower':
        return log.releaseFollower()
      case 'lose':
        return log.lose()
      case 'restart':
        return log.restart()
    }
  }

  const settle = async () => {
    log.releaseStart()
    log.failures = 0
    log.releaseReads()
    log.releaseFollower()
    for (const { stream } of clients) stream?.flow()
    const open = () => clients.filter(({ isOpen }) => isOpen)
    const readAll = () => open().reduce((sum, { stream }) => sum + (stream?.read().length ?? 0), 0)
    let before = -1
    let quiet = 0
    for (let turn = 0; quiet < 3; turn++) {
      if (turn > SETTLE_TURNS) throw new Error(`Still not at rest: ${JSON.stringify(hub.stats())}`)
      // A stream that waits for a log that failed tries again when an entry arrives.
      if (hub.stats().lagging > 0 && turn % 5 === 4) publish('nobody', 0)
      await take({ do: 'turn' })
      const now = readAll()
      quiet = now === before && hub.stats().lagging === 0 ? quiet + 1 : 0
      before = now
    }
    for (const client of open()) {
      client.readOn()
      client.check()
      client.judge?.end()
    }
  }

  try {
    for (const step of steps) {
      await take(step)
      for (const client of clients) client.check()
    }
    await settle()
    const open = clients.filter(({ isOpen }) => isOpen)
    const channels = new Set(open.flatMap(({ wish }) => wish.channels))
    expectStats(hub, { streams: open.length, channels: channels.size, lagging: 0 })
    // Disconnected clients reconnect and get the rest.
    for (const [index, client] of clients.entries())
      if (!client.isOpen) await take({ do: 'reconnect', client: index })
    await settle()
  } finally {
    for (const { stream } of clients) stream?.flow()
    await hub.close()
    for (const { stream } of clients) stream?.cut()
  }
  expectStats(hub, { streams: 0, channels: 0, lagging: 0 })
}

function expectStats(hub: LogHub, expected: Record<string, number>): void {
  const stats: object = hub.stats()
  for (const [name, value] of Object.entries(expected)) {
    const actual = (stats as Record<string, unknown>)[name]
    if (actual !== value) throw new Error(`stats().${name} is ${actual}, not ${value}`)
  }
}
