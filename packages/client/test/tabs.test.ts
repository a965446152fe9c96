// One tab, or two. The test acts as the other ones.
import type { Connection } from '../src/connection.ts'
import type { Block } from '../src/parser.ts'
import type { Tabs } from '../src/tabs.ts'
import type { SourceState } from '../src/typed-event-source.ts'
import { FakeChannel } from './fake-channel.ts'
import { FakeLocks } from './fake-locks.ts'

type CreateTabs = typeof import('../src/tabs.ts').createTabs
type Message = [term: number, id: string, block?: Block | undefined, state?: SourceState, received?: number]

const ANSWER = 2_000
const SILENCE = 45_000
const NAME = 'tabs'

let createTabs: CreateTabs
let locks: FakeLocks
/** The channel of the other tabs, and what they hear. */
let channel: FakeChannel
let heard: (Message | 0)[]
const opened: Tab[] = []

beforeAll(async () => {
  const navigator = {
    locks: { request: (...args: Parameters<FakeLocks['request']>) => locks.request(...args) },
  }
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true })
  Object.assign(globalThis, { BroadcastChannel: FakeChannel })
  // Loaded now, because it looks for the locks when it is loaded.
  createTabs = (await import('../src/tabs.ts')).createTabs
})

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick', 'setImmediate'] })
  locks = new FakeLocks()
  channel = new FakeChannel(NAME)
  heard = []
  channel.onmessage = ({ data }) => heard.push(data as Message | 0)
})

afterEach(() => {
  for (const tab of opened.splice(0)) tab.tabs.leave()
  channel.close()
  jest.restoreAllMocks()
  jest.useRealTimers()
})

class Tab {
  /** Its connection was opened: as the leader, or to catch up with this wait. */
  readonly opens: ('lead' | '0' | '1')[] = []
  pauses = 0
  readonly received: string[] = []
  readonly states: SourceState[] = []
  readonly connection: Connection
  readonly tabs: Tabs

  constructor(after = '') {
    this.connection = {
      lastEventId: after,
      isOnce: false,
      owner: undefined,
      open: (catchUp) => this.opens.push(catchUp ?? 'lead'),
      wake: () => {},
      pause: () => this.pauses++,
    }
    this.tabs = createTabs(
      NAME,
      this.connection,
      ({ data, id }) => {
        this.connection.lastEventId = id
        if (data !== undefined) this.received.push(data)
      },
      (state) => this.states.push(state),
    )
    opened.push(this)
    this.tabs.join()
  }

  /** Its own connection receives an event. */
  receive(n: number): void {
    this.tabs.onBlock(event(n))
  }
}

/** Lets messages arrive and locks be granted. */
async function settle(ms = 0): Promise<void> {
  await jest.advanceTimersByTimeAsync(ms)
  await new Promise((resolve) => setImmediate(resolve))
}

function event(n: number): Block {
  return { event: 'message', data: String(n), id: String(n) }
}

/** Another tab leads. Returns what ends that. */
async function lead(): Promise<() => void> {
  let release = () => {}
  void locks.request(NAME, {}, () => new Promise<void>((resolve) => (release = resolve))).catch(() => {})
  await settle()
  return () => release()
}

async function say(message: Message | 0): Promise<void> {
  channel.postMessage(message)
  await settle()
}

/** A tab that follows the leader of term 1, at this id. */
async function follower(id: string): Promise<Tab> {
  const tab = new Tab(id)
  await settle()
  await say([1, id, undefined, 'open'])
  return tab
}

test('the first tab leads, and says what it receives', async () => {
  const tab = new Tab('7')
  await settle()
  expect(tab.opens).toEqual(['lead'])
  tab.tabs.onState('open')
  tab.receive(8)
  tab.tabs.onState('open')
  await settle()
  const [term] = heard[1] as Message
  expect(heard).toEqual([
    0,
    [term, '7', undefined, undefined, 0],
    [term, '7', undefined, 'open', 0],
    [term, '7', event(8), 'open', 0],
  ])
  expect([tab.received, tab.states]).toEqual([['8'], ['open', 'open']])
  await say(0)
  expect(heard.at(-1)).toEqual([term, '8', undefined, 'open', 1])
})

test('the leader never takes over from itself', async () => {
  const tab = new Tab()
  await settle(10 * SILENCE)
  tab.tabs.ask()
  await settle(10 * SILENCE)
  expect(tab.opens).toEqual(['lead'])
})

test('a tab follows the leader, with its state and its events', async () => {
  await lead()
  const tab = new Tab('1')
  await settle()
  expect(heard).toEqual([0])
  await say([1, '1', undefined, 'connecting'])
  await say([1, '1', undefined, 'open'])
  await say([1, '1', event(2), 'open'])
  await say([1, '2', event(3), 'open'])
  expect(tab.received).toEqual(['2', '3'])
  expect(tab.states).toEqual(['connecting', 'open'])
  expect(tab.opens).toEqual([])
  expect(tab.connection.lastEventId).toBe('3')
})

test('a tab does not answer others, and its own connection says nothing to them', async () => {
  await lead()
  const tab = await follower('1')
  heard = []
  await say(0)
  tab.receive(2)
  tab.tabs.onState('waiting')
  await settle()
  expect(heard).toEqual([])
})

describe.each([0, 0.999])('with a random number of %p', (random) => {
  beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(random))

  test('a leader that does not answer is replaced, not before 2 s and within 4', async () => {
    await lead()
    const tab = new Tab('1')
    await settle(ANSWER * (1 + random) - 10)
    expect(tab.opens).toEqual([])
    await settle(20)
    expect(tab.opens).toEqual(['lead'])
  })

  test('a leader that is silent for 45 s is asked, and replaced if it does not answer', async () => {
    await lead()
    const tab = await follower('1')
    heard = []
    await settle(SILENCE - 10)
    expect(heard).toEqual([])
    await settle(20)
    expect(heard).toEqual([0])
    await say([1, '1', undefined, 'open'])
    await settle(SILENCE)
    expect(tab.opens).toEqual([])
    expect(heard).toEqual([0, 0])
    await settle(2 * ANSWER)
    expect(tab.opens).toEqual(['lead'])
  })
})

test('a leader that was replaced closes its connection, and leads again after the other', async () => {
  const tab = new Tab('1')
  await settle()
  heard = []
  let release = () => {}
  void locks.request(NAME, { steal: true }, () => new Promise<void>((resolve) => (release = resolve)))
  await settle()
  expect(tab.pauses).toBe(1)
  expect(heard).toEqual([0])
  await say([Date.now() + 1, '1', event(2), 'open'])
  expect(heard).toEqual([0])
  await say([Date.now() + 1, '1', undefined, 'open'])
  await say([Date.now() + 1, '1', event(2), 'open'])
  expect(tab.received).toEqual(['2'])
  release()
  await settle()
  expect(tab.opens).toEqual(['lead', 'lead'])
})

test('its term is above that of the leader before it, even if the clock was set back', async () => {
  const release = await lead()
  const term = Date.now() + 3_600_000
  new Tab('1')
  await settle()
  await say([term, '1', undefined, 'open'])
  heard = []
  release()
  await settle()
  expect(heard).toEqual([[term + 1, '1', undefined, undefined, 0]])
})

test('what an earlier leader still says is ignored', async () => {
  await lead()
  const tab = await follower('1')
  await say([2, '1', undefined, 'open'])
  await say([1, '1', event(2), 'open'])
  await say([1, '5', undefined, 'waiting'])
  expect([tab.received, tab.opens, tab.states]).toEqual([[], [], ['open', 'open']])
})

test('a tab that leaves hears and says nothing more, and another one leads', async () => {
  const tab = new Tab('1')
  await settle()
  const other = new Tab('1')
  await settle()
  heard = []
  tab.tabs.leave()
  await settle()
  expect(other.opens).toEqual(['lead'])
  await say([Date.now() + 1, '1', event(2), 'open'])
  tab.receive(3)
  await settle(10 * SILENCE)
  expect(tab.opens).toEqual(['lead'])
  expect(heard.filter((message) => message !== 0).map((message) => message[2])).toEqual([undefined])
})

test('a tab that leaves while it waits for the lock never leads', async () => {
  const release = await lead()
  const tab = new Tab('1')
  await settle()
  tab.tabs.leave()
  release()
  await settle(10 * SILENCE)
  expect(tab.opens).toEqual([])
})

test('a tab that leaves does not take the lock from the leader later', async () => {
  const leader = new Tab('1')
  await settle()
  const other = new Tab('1')
  await settle()
  other.tabs.leave()
  await settle(10 * SILENCE)
  expect([leader.opens, leader.pauses]).toEqual([['lead'], 0])
})

test('a tab that leaves in the moment in which it gets the lock does not lead', async () => {
  const tab = new Tab('1')
  tab.tabs.leave()
  await settle()
  expect([tab.opens, heard]).toEqual([[], [0]])
  await lead()
  tab.tabs.join()
  await settle()
  await say([1, '1', undefined, 'open'])
  await say([1, '1', event(2), 'open'])
  expect(tab.received).toEqual(['2'])
})

test('a tab that comes back leads again, or catches up', async () => {
  const tab = new Tab('1')
  await settle()
  tab.tabs.leave()
  await settle()
  tab.tabs.join()
  await settle()
  expect(tab.opens).toEqual(['lead', 'lead'])
  tab.tabs.leave()
  await lead()
  tab.tabs.join()
  await settle()
  // Of an earlier term than its own was.
  await say([1, '2', undefined, 'open'])
  expect(tab.opens).toEqual(['lead', 'lead', '0'])
})

describe('a tab that has missed something', () => {
  let tab: Tab

  beforeEach(async () => {
    await lead()
    tab = new Tab('1')
    await settle()
    await say([1, '5', undefined, 'open'])
    expect(tab.opens).toEqual(['0'])
  })

  async function catchUp(last: number): Promise<void> {
    for (let n = 2; n <= last; n++) tab.receive(n)
    tab.tabs.onCaughtUp?.()
    await settle()
  }

  test('goes on with the events that it was told meanwhile, after those of its catch-up', async () => {
    for (const n of [6, 7, 8]) await say([1, String(n - 1), event(n), 'open'])
    expect(tab.received).toEqual([])
    await catchUp(7)
    expect(tab.received.join()).toBe('2,3,4,5,6,7,8')
    await say([1, '8', event(9), 'open'])
    expect(tab.received.at(-1)).toBe('9')
    await settle(10_000)
    expect(tab.opens).toEqual(['0'])
  })

  test('waits for a leader that is slower than the catch-up', async () => {
    await catchUp(7)
    for (const n of [6, 7]) await say([1, String(n - 1), event(n), 'open'])
    await say([1, '7', event(8), 'open'])
    expect(tab.received.join()).toBe('2,3,4,5,6,7,8')
  })

  test.each([
    ['is still broadcasting the start of a long catch-up', 600],
    ['has broadcast nothing yet', 0],
  ])('takes nothing twice if after a second the leader %s', async (_, early) => {
    const broadcast = async (from: number, to: number) => {
      for (let n = from; n <= to; n++) await say([1, String(n - 1), event(n), 'open'])
    }
    await broadcast(6, early)
    await catchUp(1_000)
    await settle(1_000)
    await broadcast(Math.max(early + 1, 6), 1_001)
    expect(tab.received).toEqual(Array.from({ length: 1_000 }, (_, n) => String(n + 2)))
    expect(tab.opens).toEqual(['0'])
  })

  test('waits a second at most: the leader may never receive the last event of the catch-up', async () => {
    for (let n = 2; n <= 5; n++) tab.receive(n)
    tab.tabs.onBlock({ event: 'message', data: undefined, id: 'a bookmark' })
    tab.tabs.onCaughtUp?.()
    await say([1, '5', event(6), 'open'])
    await settle(900)
    expect(tab.received.at(-1)).toBe('5')
    await settle(100)
    expect(tab.received.join()).toBe('2,3,4,5,6')
    expect(tab.opens).toEqual(['0'])
  })

  test('catches up once, whatever it hears', async () => {
    await say([1, '9', undefined, 'open'])
    await say([1, '9', event(10), 'open'])
    expect(tab.opens).toEqual(['0'])
  })

  test('begins again when the leader changes', async () => {
    await say([1, '5', event(6), 'open'])
    await say([2, '5', undefined, 'open'])
    expect(tab.opens).toEqual(['0', '0'])
    await catchUp(5)
    await say([2, '5', event(6), 'open'])
    expect(tab.received.join()).toBe('2,3,4,5,6')
  })

  test('the end of the second before is not the end of this one', async () => {
    tab.receive(2)
    tab.tabs.onCaughtUp?.()
    await settle(500)
    await say([2, '5', undefined, 'open'])
    await say([2, '5', event(6), 'open'])
    await settle(600)
    expect(tab.received.join()).toBe('2')
    await catchUp(6)
    expect(tab.received.slice(1).join()).toBe('2,3,4,5,6')
  })

  test('again is told only after its second catch-up what it was told meanwhile', async () => {
    await catchUp(5)
    await say([2, '9', undefined, 'open'])
    for (let n = 6; n <= 9; n++) tab.receive(n)
    await say([2, '9', event(10), 'open'])
    tab.receive(10)
    tab.tabs.onCaughtUp?.()
    await settle()
    expect(tab.received.join()).toBe('2,3,4,5,6,7,8,9,10')
  })

  test('and leaves before it has caught up begins anew when it returns', async () => {
    tab.tabs.leave()
    tab.tabs.join()
    await settle()
    await say([2, '1', undefined, 'open'])
    await say([2, '1', event(2), 'open'])
    expect(tab.received).toEqual(['2'])
  })

  test('that leads instead takes what its own connection receives', async () => {
    await say([1, '5', event(6), 'open'])
    await settle(SILENCE + 2 * ANSWER)
    expect(tab.opens).toEqual(['0', 'lead'])
    await catchUp(6)
    await settle(1_000)
    expect(tab.received.join()).toBe('2,3,4,5,6')
  })
})

test.each<[received: number, opens: string[]]>([
  [1, ['1']],
  [0, []],
])(
  'a tab that joins at a leader without an id, which has received %i events, opens %j',
  async (received, opens) => {
    await lead()
    const tab = new Tab()
    await settle()
    await say([1, '', undefined, 'open', received])
    expect(tab.opens).toEqual(opens)
    // The next leader opens a new connection, which tells all tabs the same.
    tab.tabs.onCaughtUp?.()
    await settle(1_000)
    await say([2, '', undefined, 'open', 1])
    expect(tab.opens).toEqual(opens)
  },
)

test('a tab that leads while it waits for the end of its catch-up receives the rest once', async () => {
  const release = await lead()
  const tab = new Tab('1')
  await settle()
  await say([1, '2', undefined, 'open'])
  tab.tabs.onBlock({ event: 'message', data: undefined, id: 'a bookmark' })
  tab.tabs.onCaughtUp?.()
  await say([1, '2', event(3), 'open'])
  release()
  await settle(1_000)
  tab.receive(3)
  expect([tab.opens, tab.received]).toEqual([['0', 'lead'], ['3']])
})

test('a tab that was frozen notices that it has missed events', async () => {
  await lead()
  const tab = await follower('1')
  await say([1, '1', event(2), 'open'])
  await say([1, '4', event(5), 'open'])
  expect(tab.opens).toEqual(['0'])
  expect(tab.received).toEqual(['2'])
})

test('what a leader says before it introduces itself is left to the catch-up', async () => {
  await lead()
  const tab = new Tab('1')
  await settle()
  await say([1, '1', event(2), 'open'])
  expect([tab.received, tab.opens]).toEqual([[], []])
  await say([1, '2', undefined, 'open'])
  expect(tab.opens).toEqual(['0'])
})

test('a comment of a new leader that is behind does not move the id of the others back', async () => {
  await lead()
  const tab = await follower('1')
  for (const n of [2, 3]) await say([1, String(n - 1), event(n), 'open'])
  await say([2, '3', undefined, 'connecting'])
  await say([2, '1', { event: 'message', data: undefined, id: '1' }, 'open'])
  expect(tab.connection.lastEventId).toBe('3')
  await say([2, '1', event(2), 'open'])
  expect(tab.connection.lastEventId).toBe('3')
})

test('a new leader may begin 500 events before the others: they take none of these twice', async () => {
  await lead()
  const tab = await follower('1')
  for (let n = 2; n <= 501; n++) await say([1, String(n - 1), event(n), 'open'])
  await say([2, '501', undefined, 'connecting'])
  for (let n = 2; n <= 503; n++) await say([2, String(n - 1), event(n), 'open'])
  expect(tab.received).toEqual(Array.from({ length: 502 }, (_, n) => String(n + 2)))
  expect(tab.opens).toEqual([])
})
