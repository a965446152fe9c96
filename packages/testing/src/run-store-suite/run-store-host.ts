import type { RunStore } from '@downstream/core'

/** Abilities that some engines lack and that some cases of {@link runStoreSuite} need. */
export type RunStoreAbility = 'connect' | 'crash' | 'pause' | 'clear'

/** A store under test, and what the suite must be able to do to its engine. */
export interface RunStoreHost {
  /** MUST be empty, and share nothing with the store of any other host. */
  readonly store: RunStore
  /** For how many ms a producer that does not renew its claim keeps it. Needed for `crash` and `pause`. */
  readonly lease?: number
  /** Returns another RunStore on the same runs, as another process would have it. */
  connect?(): RunStore | Promise<RunStore>
  /** MUST simulate the death of the process of a store: it renews nothing and sends nothing, and is not closed. */
  crash?(store: RunStore): void | Promise<void>
  /** MUST pause everything that a store does, like a blocked process; resolves when it has continued. */
  pause?(store: RunStore, ms: number): Promise<void>
  /** MUST make the engine lose all runs, as a restart without persistence does; its stores are not notified. */
  clear?(): void | Promise<void>
  /** Ends what was started for this host; its stores are already closed. */
  close?(): void | Promise<void>
}

/** Creates a store to test. Its own resources, such as a connection, MUST be open when it resolves. */
export type CreateRunStore = () => RunStoreHost | Promise<RunStoreHost>
