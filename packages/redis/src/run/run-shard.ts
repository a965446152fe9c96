import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { SseError } from '@downstream/core'
import { Backoff } from '../connection/backoff.ts'
import type { Connect } from '../connection/connect.ts'
import { Fence } from '../connection/fence.ts'
import { GuardedConnection } from '../connection/guarded-connection.ts'
import type { RedisRunClaim } from './redis-run-claim.ts'
import type { ResolvedRedisRunStoreOptions } from './redis-run-store-options.ts'
import { beat } from './run-scripts.ts'
import type { Script } from './script.ts'
import type { Subscriptions } from './subscriptions.ts'

/** What a shard is made with. */
export interface RunShardOptions {
  readonly options: ResolvedRedisRunStoreOptions
  /** Of this process. */
  readonly producer: string
  readonly subscriptions: Subscriptions
  /** The key that the hash tag is taken from. */
  readonly tag: string
  readonly connect: Connect
}

/** A run that is read here, and who produces it as far as is known. */
interface FollowedRun {
  producer: string | undefined
  followers: number
  /** Reads it, which ends it as lost. */
  readonly judge: () => void
}

/** A lease is renewed five times before it is over, and lasts for four of them: the fifth is for noticing. */
const BEATS = 5
const SPAN = 0.8
/** For how many leases the key of a run lives on when nobody touches it any more. */
const KEPT = 6
/** Answers after which the same command may succeed a little later. */
const HEALS = /^(READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|OOM|UNBLOCKED|NOREPLICAS) /
const ANSWER = /^[A-Z]+ /

/**
 * The runs of one hash tag, as this process has them: a connection for commands, the lease of its own runs, and a look
 * at the leases of the others. It beats only while it has runs or follows some.
 */
export class RunShard {
  readonly producer: string
  readonly leases: string
  readonly #options: ResolvedRedisRunStoreOptions
  readonly #tag: string
  readonly #connection: GuardedConnection
  readonly #subscriptions: Subscriptions
  readonly #closing = new AbortController()
  /** A start that is given up must not be executed after what gives it up. */
  readonly #fence = new Fence()
  readonly #claims = new Map<string, RedisRunClaim>()
  readonly #followed = new Map<string, FollowedRun>()
  /** Of this process' channel; undefined while nothing is produced here. */
  #unlisten: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined
  /** When Redis has last answered, and since when it has done so without a pause of a lease. */
  #heardAt = Number.NEGATIVE_INFINITY
  #heardSince = 0
  /** When a beat was sent that has not been heard yet. */
  #unheard: number | undefined

  constructor({ options, producer, subscriptions, tag, connect }: RunShardOptions) {
    this.producer = producer
    this.leases = `{${tag}}:leases`
    this.#options = options
    this.#tag = tag
    this.#subscriptions = subscriptions
    // As many may wait as there are runs.
    setMaxListeners(0, this.#closing.signal)
    this.#connection = new GuardedConnection(
      connect,
      Math.min(options.timeout, options.lease * 0.4),
      (send) => this.#fence.greet(send),
    )
  }

  /** The key of a run, which is its channel too. */
  keyOf(id: string): string {
    return `{${this.#tag}}:run:${id}`
  }

  /**
   * How many ms longer than its lease says a producer is to be taken for alive: after Redis was away nobody could renew,
   * so the producers have one lease to reconnect before they are declared lost.
   */
  get slack(): number {
    const { lease, maxWait } = this.#options
    const now = performance.now()
    return now - this.#heardAt < lease && now - this.#heardSince >= lease ? 0 : maxWait
  }

  /** How many ms a lease lasts after it was renewed. */
  get span(): number {
    return Math.round(this.#options.lease * SPAN)
  }

  /** For how many ms the key of a run is held that ends with its process. */
  keep(ttl: number): number {
    return ttl + KEPT * this.#options.lease
  }

  /** How many ms the leases are held: until nobody takes their producers for alive. */
  get keepLeases(): number {
    return this.#options.maxWait + KEPT * this.#options.lease
  }

  /** Runs a script on the key of a run. */
  async run(script: Script, key: string, args: readonly string[]): Promise<unknown> {
    const answer = await script.run(this.#connection, [key, this.leases], args)
    this.#heard()
    return answer
  }

  /** As {@link run}, again and again while Redis is away, for `maxWait` at most: only for what may be repeated. */
  async persist(script: Script, key: string, args: readonly string[]): Promise<unknown> {
    const giveUpAt = performance.now() + this.#options.maxWait
    for (const backoff = new Backoff(); ; ) {
      try {
        return await this.run(script, key, args)
      } catch (error) {
        if (!mayHeal(error) || this.#closing.signal.aborted || performance.now() > giveUpAt) {
          throw unavailable(error)
        }
        await sleep(backoff.next(), undefined, { signal: this.#closing.signal, ref: false }).catch(() => {})
      }
    }
  }

  async send(args: string[]): Promise<unknown> {
    const answer = await this.#connection.send(args)
    this.#heard()
    return answer
  }

  /** Renews the lease for as long as the claim is held. */
  hold(claim: RedisRunClaim): void {
    this.#claims.set(claim.key, claim)
    this.#unlisten ??= this.#subscriptions.listen(`${this.leases}:${this.producer}`, (text) =>
      this.#onOrder(text),
    )
    this.#wind()
  }

  release(claim: RedisRunClaim): void {
    if (this.#claims.get(claim.key) === claim) this.#claims.delete(claim.key)
  }

  /** Watches the producer of a run that is followed. @returns ends it */
  watch(key: string, judge: () => void): () => void {
    const run = this.#followed.get(key) ?? { producer: undefined, followers: 0, judge }
    run.followers++
    this.#followed.set(key, run)
    this.#wind()
    return () => {
      if (--run.followers === 0) this.#followed.delete(key)
    }
  }

  /** A run was read: `producer` is undefined once it has ended. */
  saw(key: string, producer: string | undefined): void {
    const run = this.#followed.get(key)
    if (run !== undefined) run.producer = producer
  }

  /** Gives up what is held here. The others learn of it at their next beat. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#closing.abort()
    this.#unlisten?.()
    const claims = [...this.#claims.values()]
    this.#claims.clear()
    for (const claim of claims) claim.revoke('lost')
    if (claims.length > 0) await this.send(['ZADD', this.leases, '1', this.producer]).catch(() => {})
    this.#connection.close()
  }

  #heard(): void {
    const now = performance.now()
    if (now - this.#heardAt > this.#options.lease) this.#heardSince = now
    this.#heardAt = now
  }

  /** Something was said to this process: a beat of its own, or `[key, attempt, status]` of a run that has ended. */
  #onOrder(text: string | undefined): void {
    this.#unheard = undefined
    if (text === undefined) {
      for (const claim of this.#claims.values()) claim.check()
      return
    }
    const order: unknown = JSON.parse(text)
    if (!Array.isArray(order)) return
    const [key, attempt, status] = order.map(String) as [string, string, string]
    const claim = this.#claims.get(key)
    if (claim?.attempt === attempt) claim.revoke(status === 'stopped' ? 'stopped' : 'lost')
    // Also when nothing is produced here any more: somebody waits for it.
    if (status === 'stopped') this.send(['PUBLISH', stoppedChannel(key), attempt]).catch(() => {})
  }

  #wind(): void {
    if (this.#timer !== undefined || this.#closing.signal.aborted) return
    const { lease } = this.#options
    // From then on it may judge: a run whose process died in the meantime must not be waited for until the next beat.
    const untilJudge = this.#heardSince + lease - performance.now()
    const delay = untilJudge > 0 ? Math.min(lease / BEATS, untilJudge + 1) : lease / BEATS
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#beat()
    }, delay).unref()
  }

  async #beat(): Promise<void> {
    if (this.#claims.size === 0 && this.#followed.size === 0) return
    const producing = this.#claims.size > 0
    const { timeout } = this.#options
    if (this.#unheard !== undefined && performance.now() - this.#unheard > timeout) {
      this.#unheard = undefined
      this.#subscriptions.drop()
    }
    try {
      if (producing) this.#unheard ??= performance.now()
      const span = producing ? String(this.span) : ''
      const args = [this.producer, span, String(this.keepLeases)]
      const expired = await this.run(beat, this.leases, args)
      this.#judge(Array.isArray(expired) ? expired.map(String) : [])
      for (const claim of this.#claims.values()) claim.touch()
    } catch {
      // Redis is away, or this is closed. What waits for it knows by itself.
    }
    this.#wind()
  }

  #judge(expired: readonly string[]): void {
    if (expired.length === 0) return
    for (const { producer, judge } of this.#followed.values()) {
      if (producer !== undefined && expired.includes(producer)) judge()
    }
  }
}

/** Where the producer of a run says that it has stopped it. */
export function stoppedChannel(key: string): string {
  return `${key}:stopped`
}

/** The error for an engine that does not answer, or refuses. */
export function unavailable(cause: unknown): SseError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new SseError('ERR_SSE_RUNS_UNAVAILABLE', `Redis, where the runs are, is not available: ${reason}`, {
    cause,
  })
}

function mayHeal(error: unknown): boolean {
  const message = error instanceof Error ? error.message : String(error)
  return HEALS.test(message) || !ANSWER.test(message)
}
