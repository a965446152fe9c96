import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type NewRun,
  type RunListener,
  type RunPlace,
  type RunReading,
  type RunStart,
  type RunState,
  type RunStore,
  SseError,
} from '@downstream/core'
import { connectorOf } from '../connection/connect.ts'
import type { RedisClient } from '../connection/redis-client.ts'
import { RedisRunClaim } from './redis-run-claim.ts'
import {
  type RedisRunStoreOptions,
  type ResolvedRedisRunStoreOptions,
  resolveRedisRunStoreOptions,
} from './redis-run-store-options.ts'
import { type RunReply, readRunReply } from './run-reply.ts'
import { abandonRun, readRun, startRun, stopRun } from './run-scripts.ts'
import { RunShard, stoppedChannel, unavailable } from './run-shard.ts'
import { Subscriptions } from './subscriptions.ts'

/**
 * The runs of several processes, stored in Redis. Whichever process a page reconnects to, it follows its run there, can
 * stop it, and is informed if the run's process dies. Needs Redis 5 or Valkey, Lua and Pub/Sub, and two connections per
 * process.
 */
export class RedisRunStore implements RunStore {
  readonly #options: ResolvedRedisRunStoreOptions
  readonly #subscriptions: Subscriptions
  readonly #shards: readonly RunShard[]
  #closed = false

  /**
   * @param client - a client or cluster of ioredis, iovalkey or redis (node-redis). Only duplicates of it are used, so
   *   it need not be connected, and you remain responsible for closing it.
   * @throws SseError ERR_SSE_INVALID_OPTION
   */
  constructor(client: RedisClient, options: RedisRunStoreOptions = {}) {
    this.#options = resolveRedisRunStoreOptions(options)
    const { prefix, timeout, tags } = this.#options
    this.#subscriptions = new Subscriptions(connectorOf(client, `{${prefix}}`), timeout)
    const producer = randomBytes(9).toString('base64url')
    this.#shards = Array.from({ length: tags }, (_, n) => {
      const tag = tags === 1 ? prefix : `${prefix}:${n}`
      return new RunShard({
        options: this.#options,
        producer,
        subscriptions: this.#subscriptions,
        tag,
        connect: connectorOf(client, `{${tag}}`),
      })
    })
  }

  async start(id: string, run: NewRun): Promise<RunStart> {
    this.#checkOpen()
    const shard = this.#shardOf(id)
    const key = shard.keyOf(id)
    const attempt = newAttempt()
    const keep = String(shard.keep(run.ttl))
    const claim = new RedisRunClaim(shard, key, attempt, run)
    const answer = await shard
      .run(startRun, key, [
        String(shard.slack),
        attempt,
        run.replace ? '1' : '',
        shard.producer,
        String(run.ttl),
        String(run.maxBytes),
        keep,
        String(shard.span),
        String(shard.keepLeases),
      ])
      .catch((error) => {
        // It may have started nevertheless, without a producer.
        shard.persist(abandonRun, key, [attempt]).catch(() => {})
        throw unavailable(error)
      })
    const reply = readRunReply(id, answer) as RunReply
    if (reply.attempt !== attempt) return { state: reply.state }
    shard.hold(claim)
    return { state: reply.state, claim }
  }

  async read(id: string, place: RunPlace | undefined, limit: number): Promise<RunReading | undefined> {
    this.#checkOpen()
    const shard = this.#shardOf(id)
    const key = shard.keyOf(id)
    const { attempt, number } = place ?? { attempt: '', number: 0 }
    const args = [String(shard.slack), attempt, String(number), String(limit)]
    const answer = await shard.run(readRun, key, args).catch((error) => {
      throw unavailable(error)
    })
    const reply = readRunReply(id, answer)
    this.#noteProducer(shard, key, reply)
    return reply
  }

  follow(id: string, listener: RunListener): () => void {
    const shard = this.#shardOf(id)
    const key = shard.keyOf(id)
    const unwatch = shard.watch(key, () => void this.read(id, undefined, 0).catch(() => {}))
    const unlisten = this.#subscriptions.listen(key, (text) => {
      const reply = text === undefined ? undefined : readRunReply(id, JSON.parse(text))
      if (reply !== undefined) this.#noteProducer(shard, key, reply)
      listener(reply)
    })
    let over = false
    return () => {
      if (!over) unwatch()
      over = true
      unlisten()
    }
  }

  async stop(id: string): Promise<RunState | undefined> {
    this.#checkOpen()
    const shard = this.#shardOf(id)
    const key = shard.keyOf(id)
    let onSubscribed = (): void => {}
    let onStopped = (): void => {}
    const subscribed = new Promise<void>((resolve) => {
      onSubscribed = resolve
    })
    const stopped = new Promise<void>((resolve) => {
      onStopped = resolve
    })
    const unlisten = this.#subscriptions.listen(stoppedChannel(key), (text) =>
      text === undefined ? onSubscribed() : onStopped(),
    )
    const over = new AbortController()
    const atMost = (promise: Promise<void>, ms: number) =>
      Promise.race([promise, sleep(ms, undefined, { signal: over.signal, ref: false }).catch(() => {})])
    try {
      await atMost(subscribed, this.#options.timeout)
      const answer = await shard.run(stopRun, key, [String(shard.slack)])
      if (!Array.isArray(answer) || answer.length === 0) return undefined
      const [alive, ...parts] = answer
      const state = readRunReply(id, parts)?.state
      // A dead producer does not answer; it cannot add anything either.
      if (alive !== '') await atMost(stopped, Math.min(Number(alive), this.#options.lease))
      return state
    } catch (error) {
      throw unavailable(error)
    } finally {
      over.abort()
      unlisten()
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#subscriptions.close()
    await Promise.all(this.#shards.map((shard) => shard.close()))
  }

  #noteProducer(shard: RunShard, key: string, reply: RunReply | undefined): void {
    shard.setProducer(key, reply?.state.status === 'running' ? reply.producer : undefined)
  }

  #shardOf(id: string): RunShard {
    let hash = 0
    for (let at = 0; at < id.length; at++) hash = (hash * 31 + id.charCodeAt(at)) >>> 0
    return this.#shards[hash % this.#shards.length] as RunShard
  }

  #checkOpen(): void {
    if (this.#closed)
      throw new SseError(
        'ERR_SSE_RUNS_CLOSED',
        'The store of the runs is closed. Call its close() when no more runs start.',
      )
  }
}

/** Random, so that none is used twice even if Redis has lost everything; a number, because Redis orders by it. */
function newAttempt(): string {
  return String((randomBytes(8).readBigUInt64BE() >> 1n) + 1n)
}
