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

/** A run that is read here, and its producer as far as that is known. */
interface FollowedRun {
  producer: string | undefined
  followers: number
  /** Reads the run: that ends it as lost when its lease is over. */
  readonly judge: () => void
}

/** Beats in one lease. A renewal lasts for four of them: the fifth is the time in which others notice the end. */
const BEATS = 5
const SPAN = 0.8
/** For how many leases the key of a run is stored after its last use. */
const KEPT = 6
/** Answers after which the same command may succeed a little later. */
const HEALS = /^(READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|OOM|UNBLOCKED|NOREPLICAS) /
const ANSWER = /^[A-Z]+ /

/**
 * The runs of one hash tag in this process: a connection for commands, the lease of its own runs, and a watch on the
 * leases of the others. It beats only while it produces or follows runs.
 */
export class RunShard {
  readonly producer: string
  readonly leases: string
  readonly #options: ResolvedRedisRunStoreOptions
  readonly #tag: string
  readonly #connection: GuardedConnection
  readonly #subscriptions: Subscriptions
  readonly #closing = new AbortController()
  /** The start of a run that was given up must not be executed after the command that removes the run. */
  readonly #fence = new Fence()
  readonly #claims = new Map<string, RedisRunClaim>()
  readonly #followed = new Map<string, FollowedRun>()
  /** Ends the subscription to this process' channel; undefined while it produces nothing. */
  #unlisten: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined
  /** When Redis last answered, and since when there was no pause as long as a lease between two answers. */
  #heardAt = Number.NEGATIVE_INFINITY
  #heardSince = 0
  /** When a beat was sent that has not come back yet. */
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
   * For how many ms after its lease a producer still counts as alive. While Redis could not be reached, no process could
   * renew its lease: after that, producers get time to reconnect before their runs are declared lost.
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

  /** For how many ms the leases are stored: longer than any of their producers can count as alive. */
  get keepLeases(): number {
    return this.#options.maxWait + KEPT * this.#options.lease
  }

  /** Runs a script on the key of a run. */
  async run(script: Script, key: string, args: readonly string[]): Promise<unknown> {
    const answer = await script.run(this.#connection, [key, this.leases], args)
    this.#heard()
    return answer
  }

  /** As {@link run}, repeated while Redis cannot be reached, for `maxWait` at most. Only for commands that may be executed twice. */
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
      // Redis cannot be reached, or this is closed: the commands that wait reject by themselves.
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
