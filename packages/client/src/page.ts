/** Globals of a page that other runtimes lack. */
interface PageGlobals {
  document?: { hidden: boolean }
  addEventListener?: (
    type: string,
    listener: (event: { persisted?: boolean }) => void,
    options: { signal: AbortSignal },
  ) => void
}

/**
 * Calls back when the page is hidden or visible again, until `signal` aborts.
 *
 * @param onHide - the page is unloaded, perhaps into the back/forward cache
 * @param onReturn - the page was restored from there, or the network is available again
 * @param onLook - the page became visible
 */
export function watchPage(
  signal: AbortSignal,
  onHide: () => unknown,
  onReturn: () => void,
  onLook: () => void,
): void {
  const { document, addEventListener } = globalThis as PageGlobals
  const on = (type: string, listener: (event: { persisted?: boolean }) => void) =>
    addEventListener?.(type, listener, { signal })
  on('pagehide', onHide)
  on('pageshow', ({ persisted }) => persisted && onReturn())
  on('online', onReturn)
  on('visibilitychange', () => document?.hidden || onLook())
}
