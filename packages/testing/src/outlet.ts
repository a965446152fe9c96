import type { Cursor, LogEntry, LogFollower } from '@downstream/core'
import type { Gate } from './gate.ts'

/** Why a follower of {@link FaultyLog} receives a reset. */
export type ResetReason = Parameters<LogFollower['reset']>[1]

/** One follower of a {@link FaultyLog}, and what it has not received yet. */
export class Outlet implements LogFollower {
  readonly follower: LogFollower
  closed = false
  readonly #gate: Gate
  readonly #dropped: ReadonlySet<Cursor>
  /** The cursor of the last entry that was delivered. */
  #head: Cursor = ''
  #waiting: LogEntry[] = []
  #reset: ResetReason | undefined
  #delivering = false

  constructor(follower: LogFollower, gate: Gate, dropped: ReadonlySet<Cursor>) {
    this.follower = follower
    this.#gate = gate
    this.#dropped = dropped
  }

  start(head: Cursor, backlog: readonly LogEntry[]): void {
    if (this.closed) return
    this.#head = head
    const held = backlog.filter(({ cursor }) => !this.#dropped.has(cursor))
    guard(() => this.follower.start(head, held))
  }

  entries(batch: readonly LogEntry[]): void {
    this.#waiting.push(...batch)
    this.#gate.run(() => this.#deliver())
  }

  /** Called when the engine itself reports a reset. */
  reset(head: Cursor, reason: ResetReason): void {
    this.#waiting = []
    this.#head = head
    this.resetTo(reason)
  }

  resetTo(reason: ResetReason): void {
    this.#reset = reason
    this.#gate.run(() => this.#deliver())
  }

  state(up: boolean, error?: unknown): void {
    if (!this.closed) guard(() => this.follower.state(up, error))
  }

  #deliver(): void {
    // If a follower appends an entry during a delivery, it receives that entry after it.
    if (this.#delivering) return
    this.#delivering = true
    while (!this.closed && (this.#waiting.length > 0 || this.#reset !== undefined)) {
      const lost = this.#waiting.filter(({ cursor }) => this.#dropped.has(cursor))
      const batch = this.#waiting.slice(lost.length)
      const reason = this.#reset ?? (lost.length > 0 ? 'trimmed' : undefined)
      this.#waiting = []
      this.#reset = undefined
      this.#head = lost.at(-1)?.cursor ?? this.#head
      if (reason !== undefined) guard(() => this.follower.reset(this.#head, reason))
      this.#head = batch.at(-1)?.cursor ?? this.#head
      if (batch.length > 0) guard(() => this.follower.entries(batch))
    }
    this.#delivering = false
  }
}

/** A follower that throws still receives the later entries. */
function guard(call: () => void): void {
  try {
    call()
  } catch (error) {
    process.emitWarning(String(error))
  }
}
