// Random runs against a model: over all connections of a client no event is missing without a gap, repeated or out of
// order, and a gap is sent exactly where something may be missing. HUB_MODEL_RUNS=50000 makes more runs. HUB_MODEL_SEED
// and HUB_MODEL_PATH, which a failure prints, repeat one.
import fc from 'fast-check'
import type { Source } from '../../src/stream/event-stream.ts'
import { resolveOptions } from '../../src/stream/event-stream-options.ts'
import { ResponseEventStream } from '../../src/stream/response-event-stream.ts'
import { ResponsePort } from '../../src/stream/response-port.ts'
import { definePort } from '../../src/stream/stream-port.ts'
import type { ServerSentEvent } from '../../src/wire/server-sent-event.ts'
import { FakeTarget } from '../stream/fake-target.ts'
import { FakePort } from './fake-port.ts'
import { ENDLESS, type From, type Settings, type SimulatedStream, type Step, simulate } from './simulation.ts'

const { HUB_MODEL_RUNS, HUB_MODEL_SEED, HUB_MODEL_PATH } = process.env
const RUNS = Number(HUB_MODEL_RUNS ?? 1_000)

const client = fc.nat(4)
const bounds = fc.record({
  length: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constant(100)),
  bytes: fc.oneof(fc.integer({ min: 1, max: 800 }), fc.constant(1_000_000)),
})
const settings: fc.Arbitrary<Settings> = fc.record({
  tail: bounds,
  log: bounds,
  maxResume: fc.oneof(
    { weight: 3, arbitrary: fc.constant(100_000) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 12 }) },
  ),
  pageLength: fc.oneof(fc.constant(1_000), fc.integer({ min: 1, max: 4 })),
  backlog: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 15 })),
  startHeld: fc.oneof(
    { weight: 5, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
})
const from: fc.Arbitrary<From> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<From>({ by: 'none' }) },
  { weight: 3, arbitrary: fc.record({ by: fc.constantFrom('id', 'after'), back: fc.nat(25) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      by: fc.constantFrom('foreign', 'malformed', 'future', 'earlier hub', 'cursor()'),
    }),
  },
)
const room = fc.oneof({ weight: 3, arbitrary: fc.constant(ENDLESS) }, { weight: 1, arbitrary: fc.nat(300) })
const ways: [weight: number, step: fc.Arbitrary<Step>][] = [
  [
    10,
    fc.record({
      do: fc.constant('publish'),
      channel: fc.nat(3),
      count: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 9 })),
      // Three of the largest are more than the hub hands over at once.
      size: fc.oneof(
        { weight: 9, arbitrary: fc.oneof(fc.nat(20), fc.nat(300)) },
        { weight: 1, arbitrary: fc.constant(25_000) },
      ),
    }),
  ],
  [
    2,
    fc.record({
      do: fc.constant('publish to several'),
      channels: fc.array(fc.nat(2), { minLength: 1, maxLength: 4 }),
    }),
  ],
  [1, fc.record({ do: fc.constant('disconnect'), key: fc.nat(2) })],
  [
    4,
    fc.record({
      do: fc.constant('connect'),
      channels: fc.array(fc.nat(2), { minLength: 1, maxLength: 3 }),
      from,
      filter: fc.boolean(),
      coalesce: fc.boolean(),
      room,
    }),
  ],
  [8, fc.record({ do: fc.constantFrom('turn', 'turns') })],
  [4, fc.record({ do: fc.constant('stall'), client, amount: fc.nat(300) })],
  [3, fc.record({ do: fc.constant('read'), client, amount: fc.oneof(fc.nat(200), fc.constant(ENDLESS)) })],
  [3, fc.record({ do: fc.constant('flow'), client })],
  [4, fc.record({ do: fc.constant('reconnect'), client })],
  [1, fc.record({ do: fc.constantFrom('cut', 'close', 'unsubscribe'), client })],
  [2, fc.record({ do: fc.constant('wake'), client })],
  [1, fc.record({ do: fc.constant('wake all') })],
]
const faults: [weight: number, step: fc.Arbitrary<Step>][] = [
  [2, fc.record({ do: fc.constantFrom('hold reads', 'release reads', 'hold follower', 'release follower') })],
  [1, fc.record({ do: fc.constantFrom('lose', 'restart') })],
  [1, fc.record({ do: fc.constant('fail reads'), count: fc.integer({ min: 1, max: 3 }) })],
]
const stepsOf = (weighted: typeof ways) =>
  fc.array(fc.oneof(...weighted.map(([weight, arbitrary]) => ({ weight, arbitrary }))), {
    minLength: 5,
    maxLength: 60,
    size: 'max',
  })

async function holds(
  run: (settings: Settings, steps: Step[]) => Promise<void>,
  weighted: typeof ways,
  numRuns: number,
): Promise<void> {
  await fc.assert(fc.asyncProperty(settings, stepsOf(weighted), run), {
    numRuns,
    ...(HUB_MODEL_SEED !== undefined && { seed: Number(HUB_MODEL_SEED) }),
    ...(HUB_MODEL_PATH !== undefined && { path: HUB_MODEL_PATH }),
  })
}

/** A stream of the library, on a response that the simulation reads. */
class ResponseStream extends ResponsePort implements SimulatedStream {
  static {
    definePort(ResponseStream.prototype, (stream) => stream)
  }

  readonly #face = new ResponseEventStream(this)
  room: number = ENDLESS
  readonly #target = new FakeTarget()
  #text = ''
  #taken = 0

  constructor(lastEventId: string) {
    super(lastEventId, resolveOptions({ keepAlive: false }))
    const target = this.#target
    target.write = (chunk) => {
      const text = String(chunk)
      this.#text += text
      target.writableLength += text.length
      if (this.room === ENDLESS) this.#take(ENDLESS)
      return target.writableLength <= this.room
    }
    target.end = () => {
      target.writableEnded = true
      if (target.writableLength === 0) this.onResponseClose()
    }
    target.destroy = () => this.onResponseClose()
    this.begin(target)
  }

  get closed(): boolean {
    return this.reason !== undefined
  }

  read(count: number = ENDLESS): string {
    this.#take(count)
    const { writableLength, writableEnded } = this.#target
    if (writableLength === 0) {
      if (writableEnded) this.onResponseClose()
      else this.#target.emit('drain')
    }
    return this.#text.slice(0, this.#taken)
  }

  flow(): void {
    this.room = ENDLESS
    this.read()
  }

  override cut(): void {
    this.onResponseClose()
  }

  override send(event: ServerSentEvent | string): Promise<boolean> {
    return this.#face.send(event)
  }

  sendAll(source: Source): Promise<void> {
    return this.#face.sendAll(source)
  }

  comment(text?: string): Promise<boolean> {
    return this.#face.comment(text)
  }

  close(): void {
    this.#face.close()
  }

  override wake(now = performance.now()): number {
    return super.wake(now)
  }

  #take(count: number): void {
    this.#taken = Math.min(this.#text.length, this.#taken + count)
    this.#target.writableLength = this.#text.length - this.#taken
  }
}

const openFake = (lastEventId: string) => new FakePort(lastEventId)
const openResponse = (lastEventId: string) => new ResponseStream(lastEventId)

test('with a log without faults, no event is missing without a gap, repeated or out of order', async () => {
  await holds((settings, steps) => simulate(settings, steps, openFake), ways, RUNS)
}, 3_600_000)

test('with a log that is slow, fails, lags and resets, no event is missing without a gap, repeated or out of order', async () => {
  await holds((settings, steps) => simulate(settings, steps, openFake), [...ways, ...faults], RUNS)
}, 3_600_000)

test('with streams of real responses, no event is missing without a gap, repeated or out of order', async () => {
  const runs = Math.ceil(RUNS / 4)
  await holds((settings, steps) => simulate(settings, steps, openResponse), [...ways, ...faults], runs)
}, 3_600_000)
