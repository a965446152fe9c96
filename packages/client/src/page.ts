/** What a page has of these, and other runtimes do not. */
interface PageGlobals {
  document?: { hidden: boolean }
  addEventListener?: (
    type: string,
    listener: (event: { persisted?: boolean }) => void,
    options: { signal: AbortSignal },
  ) => void
}

/**
 * Follows what happens to the page, until `signal` aborts.
 *
 * @param onHide - the page is leaving, perhaps into the back/forward cache
 * @param onReturn - it is back from there, or the network is back
 * @param onLook - somebody looks at the page
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
  on('visibilitychange', () => document?.hidden === false && onLook())
}
