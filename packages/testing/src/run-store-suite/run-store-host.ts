import type { RunStore } from '@downstream/core'

/** What not every engine has, and what cases of {@link runStoreSuite} need. */
export type RunStoreAbility = 'connect' | 'crash' | 'pause' | 'clear'

/** A store under test, and what the suite must be able to do to its engine. */
export interface RunStoreHost {
  /** MUST be empty, and share nothing with the store of any other host. */
  readonly store: RunStore
  /** For how many ms the producer of a run that is not heard of holds its claim. Needed for `crash` and `pause`. */
  readonly lease?: number
  /** Another RunStore on the same runs, as another process would have it. */
  connect?(): RunStore | Promise<RunStore>
  /** MUST make the process of a store vanish for the others: it renews nothing and says nothing, and is not closed. */
  crash?(store: RunStore): void | Promise<void>
  /** MUST hold up all that a store does, as a process does that stands still; resolves when it has gone on. */
  pause?(store: RunStore, ms: number): Promise<void>
  /** MUST make the engine lose all runs, as a restart without persistence does; its stores are not notified. */
  clear?(): void | Promise<void>
  /** Ends what was started for this host; its stores are closed by then. */
  close?(): void | Promise<void>
}

/** Makes a store to test. What it needs of its own, such as a connection, MUST be open when it resolves. */
export type CreateRunStore = () => RunStoreHost | Promise<RunStoreHost>
