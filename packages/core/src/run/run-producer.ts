import { SseError, type SseErrorCode, warn } from '../errors.ts'
import { clock, nextTurn } from '../process/clock.ts'
import { inNoContext } from '../process/no-context.ts'
import { readSource, untilAborted } from '../source/read-source.ts'
import { discardSource } from '../source/relay.ts'
import { isPromise } from '../source/source.ts'
import type { RunEndMessage } from './run-diagnostics.ts'
import type { RunClaim } from './run-store.ts'
import { relayedRunText, runText } from './run-text.ts'
import type { RunSource } from './runs.ts'
import type { ResolvedRunOptions, ResolvedRunsOptions } from './runs-options.ts'

/** How many characters are read from a source before they are stored and other work of the process runs. */
const SHARE = 16_384
/** How many ms events are collected while the run has no followers: storing each by itself costs more than reading it. */
const UNWATCHED_WAIT = 5

/** Reads the source of one run and stores its events, those of a tick together. */
export class RunProducer {
  readonly id: string
  readonly #options: ResolvedRunsOptions
  readonly #run: ResolvedRunOptions
  readonly #controller = new AbortController()
  #claim!: RunClaim
  /** Set when the claim is lost: the store has ended the run. */
  #revoked: 'stopped' | 'lost' | undefined
  /** The status with which the run ends, unless the claim is lost. */
  #status: 'done' | 'stopped' | 'failed' = 'done'
  #pending: string[] = []
  #pendingLength = 0
  #scheduled = false
  #storing: Promise<void> | undefined
  /** The store has refused events, and that was reported. */
  #refused = false

  constructor(id: string, options: ResolvedRunsOptions, run: ResolvedRunOptions) {
    this.id = id
    this.#options = options
    this.#run = run
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Reads the source to its end and ends the run. Resolves with the run's final status. Never rejects. */
  async produce(claim: RunClaim, source: RunSource): Promise<RunEndMessage['status']> {
    this.#claim = claim
    const tooOld = clock
      .setTimeout(() => {
        this.stop('ERR_SSE_RUN_STOPPED', `The run took longer than its maxAge of ${this.#run.maxAge} ms.`)
      }, this.#run.maxAge)
      .unref()
    try {
      await untilAborted(this.signal, this.#read(source))
    } catch (error) {
      this.#fail(error)
    }
    clock.clearTimeout(tooOld)
    await this.#store()
    try {
      await claim.end(this.#status)
    } catch (error) {
      if (!this.#revoked && !this.#refused) this.#report(error)
    }
    return this.#revoked ?? this.#status
  }

  /** Ends the run, because its `maxAge` has passed or this process shuts down. */
  stop(code: SseErrorCode, message: string): void {
    if (this.signal.aborted) return
    this.#status = 'stopped'
    this.#abort(new SseError(code, message))
  }

  /** Stops the source, because the store has ended the run. */
  revoke(why: 'stopped' | 'lost'): void {
    this.#revoked = why
    if (why === 'stopped') this.stop('ERR_SSE_RUN_STOPPED', 'The run was stopped.')
    else
      this.stop(
        'ERR_SSE_RUN_LOST',
        'The lease of the run was not renewed in time, so another process may have taken the run.',
      )
  }

  async #read(source: RunSource): Promise<void> {
    if (this.signal.aborted) return discardSource(source)
    const { id, signal } = this
    const made = typeof source === 'function' ? source({ id, signal }) : source
    const events = isPromise(made) ? await made : made
    if (signal.aborted) return discardSource(events)
    const { names, serialize } = this.#options
    await readSource(events, {
      signal,
      maxEventBytes: this.#run.maxBytes,
      take: (event) => this.#add(runText(event, names, serialize)),
      takeParsed: (parsed) => {
        let room: Promise<void> | undefined
        for (const event of parsed) room = this.#add(relayedRunText(event, names)) ?? room
        return room
      },
    })
  }

  /** Returns a promise to wait for before the next event, or undefined. */
  #add(text: string): Promise<void> | undefined {
    if (text === '') return undefined
    if (text.length * 3 > this.#run.maxBytes && Buffer.byteLength(text) > this.#run.maxBytes) {
      throw new SseError(
        'ERR_SSE_EVENT_TOO_LARGE',
        `An event of the run is larger than its maxBytes (${this.#run.maxBytes}). Raise maxBytes, or send less in one event.`,
      )
    }
    this.#pending.push(text)
    this.#pendingLength += text.length
    if (this.#pendingLength >= SHARE) return this.#storeAndYield()
    if (!this.#scheduled) {
      this.#scheduled = true
      if (this.#claim.watched === false) {
        clock.setTimeout(storeAtEndOfTick, UNWATCHED_WAIT, this).unref()
      } else clock.nextTick(storeAtEndOfTick, this)
    }
    return undefined
  }

  /** @internal */
  onEndOfTick(): void {
    this.#scheduled = false
    void this.#store()
  }

  async #storeAndYield(): Promise<void> {
    await this.#store()
    await nextTurn()
  }

  /** Resolves when no event is pending. Never rejects: an error fails the run. */
  #store(): Promise<void> {
    this.#storing ??= this.#storeAll().finally(() => {
      this.#storing = undefined
    })
    return this.#storing
  }

  async #storeAll(): Promise<void> {
    while (this.#pending.length > 0) {
      const events = this.#pending
      this.#pending = []
      this.#pendingLength = 0
      try {
        await this.#claim.append(events)
      } catch (error) {
        this.#pending = []
        this.#refused = this.#fail(error)
        return
      }
    }
  }

  /** Ends the run as failed. Returns false if it was stopped before: its source may throw because of that. */
  #fail(error: unknown): boolean {
    if (this.signal.aborted) return false
    this.#status = 'failed'
    this.#abort(error)
    this.#report(error)
    return true
  }

  #abort(reason: unknown): void {
    // Another request may have stopped the run: the app's listeners must not run in that request's context.
    inNoContext(() => this.#controller.abort(reason))
  }

  #report(error: unknown): void {
    try {
      this.#options.onError(error, this.id)
    } catch (thrown) {
      warn(thrown)
    }
  }
}

function storeAtEndOfTick(producer: RunProducer): void {
  producer.onEndOfTick()
}
