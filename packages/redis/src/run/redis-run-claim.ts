import { type NewRun, type RunAttempt, type RunClaim, SseError } from '@downstream/core'
import { readRunReply } from './run-reply.ts'
import { appendEvents, endRun, readRun } from './run-scripts.ts'
import type { RunShard } from './run-shard.ts'

/** The claim of this process on one attempt. Redis decides whether it is still valid. */
export class RedisRunClaim implements RunClaim {
  readonly attempt: RunAttempt
  readonly key: string
  readonly #shard: RunShard
  readonly #run: NewRun
  #next = 1
  #touchedAt = performance.now()
  /** Why nothing can be added any more. */
  #refusal: SseError | undefined
  /** The status with which the run has ended, while Redis has not stored it. */
  #unstored: string | undefined

  constructor(shard: RunShard, key: string, attempt: RunAttempt, run: NewRun) {
    this.attempt = attempt
    this.key = key
    this.#shard = shard
    this.#run = run
  }

  async append(events: readonly string[]): Promise<void> {
    if (this.#refusal !== undefined) throw this.#refusal
    if (events.length === 0) return
    const first = this.#next
    const keep = String(this.#shard.keep(this.#run.ttl))
    this.#touchedAt = performance.now()
    try {
      const args = [this.attempt, String(first), keep, ...events]
      const status = await this.#shard.persist(appendEvents, this.key, args)
      if (status !== 'running') this.revoke(status === 'stopped' ? 'stopped' : 'lost')
      this.#next = first + events.length
    } catch (error) {
      // It is unknown whether these events are stored, so no others may follow.
      this.#refusal ??= error as SseError
    }
    if (this.#refusal !== undefined) throw this.#refusal
  }

  async end(status: 'done' | 'stopped' | 'failed'): Promise<void> {
    if (this.#refusal?.code === 'ERR_SSE_RUN_LOST') throw this.#refusal
    // After an append that Redis did not accept there is no point in waiting that long again.
    const maxWait = this.#refusal === undefined ? undefined : 0
    this.#refusal = this.#lost('it has ended')
    const args = [this.attempt, status]
    const ended = await this.#shard.persist(endRun, this.key, args, maxWait).catch((error) => {
      this.#unstored = status
      throw error
    })
    this.#shard.release(this)
    if (ended !== status) throw this.#refusal
  }

  /** The claim is lost: stops the source. */
  revoke(why: 'stopped' | 'lost'): void {
    if (this.#refusal?.code === 'ERR_SSE_RUN_LOST') return
    this.#refusal = this.#lost(why === 'stopped' ? 'it was stopped' : 'the right to write was lost')
    this.#shard.release(this)
    this.#run.onRevoked(why)
  }

  /** Asks Redis whether the claim is still valid, after notifications may have been missed. */
  async check(): Promise<void> {
    try {
      const answer = await this.#shard.run(readRun, this.key, [String(this.#shard.slack), '', '0', '0'])
      const reply = readRunReply('', answer)
      if (reply?.attempt === this.attempt && reply.state.status === 'running') return
      this.revoke(reply?.state.status === 'stopped' && reply.attempt === this.attempt ? 'stopped' : 'lost')
    } catch {
      // Redis does not answer. The next beat, append or end finds out.
    }
  }

  /**
   * Called when Redis answers. Renews the key of a run that adds no events for a long time, or stores an end that Redis
   * did not accept.
   */
  touch(): void {
    if (this.#unstored !== undefined) {
      // Without this the run would be `running` for as long as its process renews the lease for other runs.
      const ended = this.#shard.run(endRun, this.key, [this.attempt, this.#unstored])
      ended.then(
        () => this.#shard.release(this),
        () => {},
      )
      return
    }
    if (this.#refusal !== undefined) return
    const keep = this.#shard.keep(this.#run.ttl)
    if (performance.now() - this.#touchedAt < (keep - this.#run.ttl) / 3) return
    this.#touchedAt = performance.now()
    this.#shard.send(['PEXPIRE', this.key, String(keep)]).then(
      (held) => {
        if (Number(held) === 0) this.revoke('lost')
      },
      () => {},
    )
  }

  #lost(why: string): SseError {
    return new SseError('ERR_SSE_RUN_LOST', `Nothing can be added to this run: ${why}.`)
  }
}
