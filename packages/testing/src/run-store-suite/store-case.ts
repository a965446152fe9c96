import assert from 'node:assert/strict'
import type { NewRun, RunClaim, RunReading, RunState, RunStore } from '@downstream/core'
import { eventually } from '../eventually.ts'
import type { CreateRunStore, RunStoreAbility, RunStoreHost } from './run-store-host.ts'

/** One promise of a store, and a check that it is kept. */
export interface StoreCase {
  name: string
  /** The ability of the engine that it needs. */
  needs?: RunStoreAbility
  run(tools: StoreTools): Promise<void>
}

/** The tools of a case. All that they open is closed after it. */
export class StoreTools {
  /** The store under test and its engine; set by {@link open}. */
  host!: RunStoreHost
  readonly #create: CreateRunStore
  readonly #stores: RunStore[] = []
  #count = 0

  constructor(create: CreateRunStore) {
    this.#create = create
  }

  get store(): RunStore {
    return this.host.store
  }

  get lease(): number {
    assert.ok(this.host.lease, 'create() must return the length of a lease: { lease }')
    return this.host.lease
  }

  async open(): Promise<void> {
    this.host = await this.#create()
    this.#stores.push(this.host.store)
  }

  /** Creates another RunStore on the same runs. */
  async connect(): Promise<RunStore> {
    assert.ok(this.host.connect, missing('connect'))
    const store = await this.host.connect()
    this.#stores.push(store)
    return store
  }

  async crash(store: RunStore): Promise<void> {
    assert.ok(this.host.crash, missing('crash'))
    await this.host.crash(store)
  }

  async pause(store: RunStore, ms: number): Promise<void> {
    assert.ok(this.host.pause, missing('pause'))
    await this.host.pause(store, ms)
  }

  async clear(): Promise<void> {
    assert.ok(this.host.clear, missing('clear'))
    await this.host.clear()
  }

  /** Texts of events that all differ. */
  newEvents(count: number): string[] {
    return Array.from({ length: count }, () => `data: event ${this.#count++}\n\n`)
  }

  /** Starts a run that does not exist yet. */
  async start(id: string, options: Partial<NewRun> = {}, store: RunStore = this.store): Promise<StartedRun> {
    const revoked: ('stopped' | 'lost')[] = []
    const onRevoked = (why: 'stopped' | 'lost') => void revoked.push(why)
    const { state, claim } = await store.start(id, newRun({ onRevoked, ...options }))
    assert.ok(claim, `start(${id}) returns no claim, although there is no other`)
    assert.equal(state.status, 'running')
    return { claim, revoked }
  }

  /** Starts a run that already exists. */
  async join(id: string, options: Partial<NewRun> = {}, store: RunStore = this.store): Promise<RunState> {
    const { state, claim } = await store.start(id, newRun(options))
    assert.equal(claim, undefined, `start(${id}) returns a claim, although the run exists`)
    return state
  }

  /** All events of a run, read in pages. */
  async readAll(id: string, limit = 7, store: RunStore = this.store): Promise<string[]> {
    const events: string[] = []
    let number = 0
    let attempt: string | undefined
    for (;;) {
      const page = await this.read(id, attempt === undefined ? undefined : { attempt, number }, limit, store)
      assert.ok(page.events.length <= limit, `${page.events.length} events, the limit was ${limit}`)
      if (attempt === undefined) number = page.first - 1
      assert.equal(page.first, number + 1)
      if (page.events.length === 0) return events
      events.push(...page.events)
      number += page.events.length
      attempt = page.attempt
    }
  }

  /** One page of a run that exists. */
  async read(
    id: string,
    place: { attempt: string; number: number } | undefined,
    limit = 100,
    store: RunStore = this.store,
  ): Promise<RunReading> {
    const reading = await store.read(id, place, limit)
    assert.ok(reading, `there is no run ${id}`)
    return reading
  }

  async state(id: string, store: RunStore = this.store): Promise<RunState | undefined> {
    return (await store.read(id, undefined, 0))?.state
  }

  /** Reads a run as a follower does: from the beginning, and again whenever the store reports a change. */
  follow(id: string, store: RunStore = this.store): Following {
    return new Following(id, store)
  }

  async until(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
    await eventually(what, check)
  }

  /** Closes all that the case has opened. */
  async close(): Promise<void> {
    for (const store of this.#stores) await store.close()
    await this.host.close?.()
  }
}

export interface StartedRun {
  readonly claim: RunClaim
  readonly revoked: ('stopped' | 'lost')[]
}

/** Follows a run. It reads only when the store calls its listener. */
export class Following {
  readonly events: string[] = []
  /** The state in the last reading; undefined if there is no such run. */
  state: RunState | undefined
  /** How often the store has called the listener. */
  calls = 0
  /** How often it has read. */
  reads = 0
  readonly end: () => void
  readonly #id: string
  readonly #store: RunStore
  #place: { attempt: string; number: number } | undefined
  #reading = Promise.resolve()

  constructor(id: string, store: RunStore) {
    this.#id = id
    this.#store = store
    this.end = store.follow(id, (news) => {
      this.calls++
      if (news !== undefined) assert.ok(news.events.length === 0 || news.first > 0)
      this.#read()
    })
    this.#read()
  }

  #read(): void {
    this.#reading = this.#reading.then(async () => {
      for (;;) {
        const reading = await this.#store.read(this.#id, this.#place, 50)
        this.reads++
        this.state = reading?.state
        if (reading === undefined) return
        if (reading.attempt !== this.#place?.attempt) this.events.length = 0
        this.events.push(...reading.events)
        this.#place = { attempt: reading.attempt, number: reading.first - 1 + reading.events.length }
        if (reading.events.length === 0) return
      }
    })
    this.#reading.catch(() => {})
  }
}

function newRun(options: Partial<NewRun>): NewRun {
  return { ttl: 60_000, maxBytes: 1_000_000, replace: false, onRevoked() {}, ...options }
}

function missing(ability: RunStoreAbility): string {
  return `create() returns no ${ability}(): implement it, or leave its cases out with { without: ['${ability}'] }`
}
