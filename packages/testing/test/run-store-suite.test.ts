import { MemoryRunStore, type RunClaim, type RunReading, type RunStore } from '@downstream/core'
import { runStoreSuite } from '@downstream/testing'

/** A correct store, except for what is given. */
function store(broken: (sound: MemoryRunStore) => Partial<RunStore> = () => ({})): RunStore {
  const sound = new MemoryRunStore()
  return {
    start: (id, run) => sound.start(id, run),
    read: (id, place, limit) => sound.read(id, place, limit),
    follow: (id, listener) => sound.follow(id, listener),
    stop: (id) => sound.stop(id),
    close: () => sound.close(),
    ...broken(sound),
  }
}

/** Returns `change` of each read. */
function reading(change: (reading: RunReading) => RunReading): RunStore {
  return store((sound) => ({
    async read(id, place, limit) {
      const answer = await sound.read(id, place, limit)
      return answer && change(answer)
    },
  }))
}

/** Returns `change` of each claim. */
function claiming(change: (claim: RunClaim) => RunClaim): RunStore {
  return store((sound) => ({
    async start(id, run) {
      const { state, claim } = await sound.start(id, run)
      return claim === undefined ? { state } : { state, claim: change(claim) }
    },
  }))
}

const broken: [what: string, make: () => RunStore, fails: string][] = [
  [
    'starts a run again',
    () => {
      let starts = 0
      return store((sound) => ({ start: (id, run) => sound.start(`${id} ${starts++}`, run) }))
    },
    'starts a run once: the second start finds it and starts nothing',
  ],
  [
    'gives everybody a claim',
    () => {
      let starts = 0
      return store((sound) => ({ start: (id, run) => sound.start(`${id} ${starts++}`, run) }))
    },
    'gives one claim for twenty concurrent starts',
  ],
  [
    'replaces a run that is running',
    () =>
      store((sound) => ({
        async start(id, run) {
          if (run.replace) await sound.stop(id)
          return sound.start(id, run)
        },
      })),
    'replaces a run that has ended, never one that is running',
  ],
  [
    'gives an attempt the name of another',
    () => claiming(({ append, end, ...claim }) => ({ ...claim, append, end, attempt: 'same' })),
    'gives every attempt its own name: 1 to 32 of [0-9a-z], and never 0',
  ],
  [
    'takes events after the end',
    () =>
      claiming((claim) => ({
        attempt: claim.attempt,
        append: (events) => claim.append(events).catch(() => {}),
        end: (status) => claim.end(status),
      })),
    'ends a run as done, failed or stopped, and refuses events after that',
  ],
  [
    'counts characters instead of bytes',
    () => reading((answer) => ({ ...answer, state: { ...answer.state, bytes: answer.state.events * 9 } })),
    'counts events and their UTF-8 bytes, and records when the run started and ended',
  ],
  [
    'treats different ids as the same',
    () =>
      store((sound) => ({
        start: (id, run) => sound.start(id.toLowerCase(), run),
        read: (id, place, limit) => sound.read(id.toLowerCase(), place, limit),
      })),
    'keeps runs apart, whatever their ids are',
  ],
  [
    'loses the first event of a read',
    () => reading((answer) => ({ ...answer, events: answer.events.slice(1) })),
    'reads the events after each position, and none after the last',
  ],
  [
    'reads beyond the limit',
    () => store((sound) => ({ read: (id, place, limit) => sound.read(id, place, limit + 1) })),
    'reads at most as many events as the limit',
  ],
  [
    'changes a text',
    () => reading((answer) => ({ ...answer, events: answer.events.map((text) => text.replace('  ', ' ')) })),
    'stores every text unchanged',
  ],
  [
    'drops events too early',
    () => store((sound) => ({ start: (id, run) => sound.start(id, { ...run, maxBytes: run.maxBytes / 2 }) })),
    'drops only the oldest events beyond maxBytes, and reports where the stored ones begin',
  ],
  [
    'notifies with the news of another position',
    () =>
      store((sound) => ({
        follow: (id, listener) =>
          sound.follow(id, (news) => listener(news && { ...news, first: news.first + 1 })),
      })),
    'notifies with the same events that read() returns from there',
  ],
  [
    'continues to call followers that have ended',
    () =>
      store((sound) => ({
        follow(id, listener) {
          sound.follow(id, listener)
          return () => {}
        },
      })),
    'stops calling a follower that has ended, and continues to call the others',
  ],
  [
    'stops a run without notifying its producer',
    () => store((sound) => ({ start: (id, run) => sound.start(id, { ...run, onRevoked() {} }) })),
    'stops a run: the claim is revoked when stop resolves, and followers are notified',
  ],
  [
    'says that it has stopped a run that was over',
    () =>
      store((sound) => ({
        async stop(id) {
          const state = await sound.stop(id)
          return state && { ...state, status: 'stopped' }
        },
      })),
    'does not stop a run that has ended or does not exist',
  ],
]

function casesOf(make: () => RunStore): Map<string, () => Promise<void>> {
  const cases = new Map<string, () => Promise<void>>()
  const test = (name: string, run: () => Promise<void>) => cases.set(name, run)
  runStoreSuite({ test, create: () => ({ store: make() }), without: ['connect', 'crash', 'pause', 'clear'] })
  return cases
}

async function outcomeOf(name: string, make: () => RunStore): Promise<'passes' | 'fails'> {
  const run = casesOf(make).get(name)
  if (run === undefined) throw new Error(`There is no case ${name}`)
  return run().then(
    () => 'passes',
    () => 'fails',
  )
}

test.each(broken)('a store that %s fails its case', async (_, make, name) => {
  expect(await outcomeOf(name, make)).toBe('fails')
  expect(await outcomeOf(name, store)).toBe('passes')
})

test('skips the cases that need something that the engine lacks, if and only if the options say so', () => {
  const count = (options: object) => {
    let registered = 0
    runStoreSuite({ test: () => registered++, create: () => ({ store: store() }), ...options })
    return registered
  }
  expect(count({ without: ['connect', 'crash', 'pause', 'clear'] })).toBe(casesOf(store).size)
  expect(count({ without: ['crash', 'pause'] })).toBeGreaterThan(casesOf(store).size)
  expect(count({})).toBeGreaterThan(count({ without: ['crash', 'pause'] }))
})
