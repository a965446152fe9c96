import { SseError } from '../errors.ts'
import { clock } from '../process/clock.ts'
import { MemoryRun } from './memory-run.ts'
import type { RunState } from './run-state.ts'
import type { NewRun, RunListener, RunPlace, RunReading, RunStart, RunStore } from './run-store.ts'

interface HeldRun {
  readonly run: MemoryRun
  readonly ttl: number
  /** Deletes the run when its `ttl` has passed. */
  expiry?: NodeJS.Timeout
}

/** The runs of one process: nothing to install, and nothing survives a restart. */
export class MemoryRunStore implements RunStore {
  readonly #runs = new Map<string, HeldRun>()
  readonly #listeners = new Map<string, Set<RunListener>>()
  #closed = false

  async start(id: string, newRun: NewRun): Promise<RunStart> {
    if (this.#closed)
      throw new SseError(
        'ERR_SSE_RUNS_CLOSED',
        'The store of the runs is closed. Call its close() when no more runs start.',
      )
    const held = this.#runs.get(id)
    if (held !== undefined && !(held.run.ended && newRun.replace)) return { state: held.run.state }
    clock.clearTimeout(held?.expiry)
    const run = new MemoryRun(
      id,
      newRun,
      (news) => this.#notify(run, news),
      () => this.#listeners.has(id),
    )
    this.#runs.set(id, { run, ttl: newRun.ttl })
    this.#notify(run, run.read(undefined, 0))
    return { state: run.state, claim: run }
  }

  async read(id: string, place: RunPlace | undefined, limit: number): Promise<RunReading | undefined> {
    return this.#runs.get(id)?.run.read(place, limit)
  }

  follow(id: string, listener: RunListener): () => void {
    // A new function for each call, because the same listener may follow twice.
    const listening: RunListener = (news) => listener(news)
    const listeners = this.#listeners.get(id) ?? new Set()
    this.#listeners.set(id, listeners.add(listening))
    return () => {
      listeners.delete(listening)
      if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id)
    }
  }

  async stop(id: string): Promise<RunState | undefined> {
    const run = this.#runs.get(id)?.run
    if (run?.ended === false) run.revoke('stopped')
    return run?.state
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const { run } of this.#runs.values()) if (!run.ended) run.revoke('lost')
    for (const { expiry } of this.#runs.values()) clock.clearTimeout(expiry)
    this.#runs.clear()
    this.#listeners.clear()
  }

  #notify(run: MemoryRun, news: RunReading | undefined): void {
    for (const listener of this.#listeners.get(run.id) ?? []) listener(news)
    const held = this.#runs.get(run.id)
    if (held?.run !== run || !run.ended) return
    held.expiry = clock.setTimeout(() => this.#runs.delete(run.id), held.ttl).unref()
  }
}
