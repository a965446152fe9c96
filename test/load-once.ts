/**
 * A package that is slow to load: once in each worker of Jest, for all its test files. It is not in the test's realm, so
 * its errors are no `instanceof Error` there.
 */
export async function loadOnce<Package>(name: string, load: () => Promise<Package>): Promise<Package> {
  const { requireOnce } = globalThis as { requireOnce?: (name: string) => Package }
  return requireOnce?.(name) ?? load()
}
