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

/** Options of a shard. */
export interface RunShardOptions {
  readonly options: ResolvedRedisRunStoreOptions
  /** The producer name of this process. */
  readonly producer: string
  readonly subscriptions: Subscriptions
  /** The key that contains the hash tag. */
  readonly tag: string
  readonly connect: Connect
}

/** A run that is followed in this process, and its producer as far as known. */
interface FollowedRun {
  producer: string | undefined
  followers: number
  /** Reads the run, which ends it as lost if its producer's lease has expired. */
  readonly judge: () => void
}

/**
 * A lease is renewed five times per `lease`, and lasts for four of these intervals. In the fifth, other processes
 * notice that it has expired.
 */
const BEATS = 5
const SPAN = 0.8
/** For how many leases the key of a run is kept after its last update. */
const KEPT = 6
/** Answers after which the same command may succeed a little later. */
const TEMPORARY = /^(READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|OOM|UNBLOCKED|NOREPLICAS) /
const ANSWER = /^[A-Z]+ /

/**
 * The runs of one hash tag in this process: a connection for commands, the lease of this process, and a check of the
 * leases of others. It beats only while this process produces or follows runs.
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
  #answeredAt = Number.NEGATIVE_INFINITY
  #answeringSince = 0
  /** When the beat was sent that has not arrived yet. */
  #beatSentAt: number | undefined

  constructor({ options, producer, subscriptions, tag, connect }: RunShardOptions) {
    this.producer = producer
    this.leases = `{${tag}}:leases`
    this.#options = options
    this.#tag = tag
    this.#subscriptions = subscriptions
    // As many waits as there are runs may listen to the signal.
    setMaxListeners(0, this.#closing.signal)
    this.#connection = new GuardedConnection(
      connect,
      Math.min(options.timeout, options.lease * 0.4),
      (send) => this.#fence.greet(send),
    )
  }

  /** The key of a run, which is also its channel. */
  keyOf(id: string): string {
    return `{${this.#tag}}:run:${id}`
  }

  /**
   * How many ms after its lease has expired a producer is still considered alive. While Redis cannot be reached, no
   * producer can renew its lease: after that, producers have `maxWait` to reconnect before they are declared lost.
   */
  get slack(): number {
    const { lease, maxWait } = this.#options
    const now = performance.now()
    return now - this.#answeredAt < lease && now - this.#answeringSince >= lease ? 0 : maxWait
  }

  /** How many ms a lease lasts after each renewal. */
  get span(): number {
    return Math.round(this.#options.lease * SPAN)
  }

  /** How many ms the key of a run is kept if its process dies. */
  keep(ttl: number): number {
    return ttl + KEPT * this.#options.lease
  }

  /** How many ms the leases are kept: until no process considers their producers alive. */
  get keepLeases(): number {
    return this.#options.maxWait + KEPT * this.#options.lease
  }

  /** Runs a script on the key of a run. */
  async run(script: Script, key: string, args: readonly string[]): Promise<unknown> {
    const answer = await script.run(this.#connection, [key, this.leases], args)
    this.#onAnswer()
    return answer
  }

  /**
   * Runs a script like {@link run}, repeated for at most `maxWait` ms while Redis cannot be reached. Only for scripts
   * that may be repeated.
   */
  async persist(
    script: Script,
    key: string,
    args: readonly string[],
    maxWait: number = this.#options.maxWait,
  ): Promise<unknown> {
    const giveUpAt = performance.now() + maxWait
    for (const backoff = new Backoff(); ; ) {
      try {
        return await this.run(script, key, args)
      } catch (error) {
        if (!mayRecover(error) || this.#closing.signal.aborted || performance.now() >= giveUpAt) {
          throw unavailable(error)
        }
        await sleep(backoff.next(), undefined, { signal: this.#closing.signal, ref: false }).catch(() => {})
      }
    }
  }

  async send(args: string[]): Promise<unknown> {
    const answer = await this.#connection.send(args)
    this.#onAnswer()
    return answer
  }

  /** Renews the lease for as long as the claim is held. */
  hold(claim: RedisRunClaim): void {
    this.#claims.set(claim.key, claim)
    this.#unlisten ??= this.#subscriptions.listen(`${this.leases}:${this.producer}`, (text) =>
      this.#onMessage(text),
    )
    this.#scheduleBeat()
  }

  release(claim: RedisRunClaim): void {
    if (this.#claims.get(claim.key) === claim) this.#claims.delete(claim.key)
  }

  /** Watches the producer of a followed run. @returns a function that stops watching */
  watch(key: string, judge: () => void): () => void {
    const run = this.#followed.get(key) ?? { producer: undefined, followers: 0, judge }
    run.followers++
    this.#followed.set(key, run)
    this.#scheduleBeat()
    return () => {
      if (--run.followers === 0) this.#followed.delete(key)
    }
  }

  /** Call it when a run was read. `producer` is undefined once the run has ended. */
  setProducer(key: string, producer: string | undefined): void {
    const run = this.#followed.get(key)
    if (run !== undefined) run.producer = producer
  }

  /** Gives up the runs of this process. Other processes notice it at their next beat. */
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

  #onAnswer(): void {
    const now = performance.now()
    if (now - this.#answeredAt > this.#options.lease) this.#answeringSince = now
    this.#answeredAt = now
  }

  /** Receives a message to this process: its own beat, or `[key, attempt, status]` of a run that has ended. */
  #onMessage(text: string | undefined): void {
    this.#beatSentAt = undefined
    if (text === undefined) {
      for (const claim of this.#claims.values()) claim.check()
      return
    }
    const message: unknown = JSON.parse(text)
    if (!Array.isArray(message)) return
    const [key, attempt, status] = message.map(String) as [string, string, string]
    const claim = this.#claims.get(key)
    if (claim?.attempt === attempt) claim.revoke(status === 'stopped' ? 'stopped' : 'lost')
    // Answer even if nothing is produced here any more, because the caller of stop() waits for it.
    if (status === 'stopped') this.send(['PUBLISH', stoppedChannel(key), attempt]).catch(() => {})
  }

  #scheduleBeat(): void {
    if (this.#timer !== undefined || this.#closing.signal.aborted) return
    const { lease } = this.#options
    // Beat as soon as this process may declare runs lost: a run whose process has died must not wait for another
    // interval.
    const untilJudge = this.#answeringSince + lease - performance.now()
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
    if (this.#beatSentAt !== undefined && performance.now() - this.#beatSentAt > timeout) {
      this.#beatSentAt = undefined
      this.#subscriptions.drop()
    }
    try {
      if (producing) this.#beatSentAt ??= performance.now()
      const span = producing ? String(this.span) : ''
      const args = [this.producer, span, String(this.keepLeases)]
      const expired = await this.run(beat, this.leases, args)
      this.#judge(Array.isArray(expired) ? expired.map(String) : [])
      for (const claim of this.#claims.values()) claim.touch()
    } catch {
      // Redis cannot be reached, or this shard is closed. Callers that wait for Redis notice it themselves.
    }
    this.#scheduleBeat()
  }

  #judge(expired: readonly string[]): void {
    if (expired.length === 0) return
    for (const { producer, judge } of this.#followed.values()) {
      if (producer !== undefined && expired.includes(producer)) judge()
    }
  }
}

/** The channel on which the producer of a run confirms that it has stopped it. */
export function stoppedChannel(key: string): string {
  return `${key}:stopped`
}

/** The error if Redis does not answer, or refuses. */
export function unavailable(cause: unknown): SseError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const message = `Redis, which stores the runs, is not available: ${reason}`
  return new SseError('ERR_SSE_RUNS_UNAVAILABLE', message, { cause })
}

function mayRecover(error: unknown): boolean {
  const message = error instanceof Error ? error.message : String(error)
  return TEMPORARY.test(message) || !ANSWER.test(message)
}
