// In a file without imports, because esbuild inlines the constants of such a file only.

/** How many seconds the server may hold a long poll. */
export const WAIT = 20

/** How many ms a catch-up may take at a server that does not support long polling. */
export const CATCH_UP = 1_000

/** The server ends a long poll at 256 KB. An answer with at least this many characters may be incomplete. */
export const MAYBE_CUT = 20_000

/** How many ms a leader may take to answer before another tab takes over: it may be frozen. */
export const ANSWER = 2_000

/** After this many ms without a message, the tab asks the leader whether it is still there. */
export const SILENCE = 45_000

/**
 * How many ms to wait for the broadcast of the event at which the catch-up ended: the leader may be slower than the
 * catch-up. It may also never receive that event, because the log has other channels too.
 */
export const GRACE = 1_000

/** How many events are remembered, to recognize those that a new leader receives again. */
export const REMEMBERED = 500
