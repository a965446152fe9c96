/** Describes in a few words a value that a caller passed, for an error message. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value)
  if (typeof value === 'function') return 'a function'
  if (typeof value !== 'object') return typeof value
  if (isPromise(value)) return 'a promise: await it'
  if (Array.isArray(value)) return 'an array'
  // Do not list its keys: a Buffer of 30 MB has 30 million.
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name} of ${value.byteLength} bytes`
  const kind = tagOf(value)
  if (kind !== 'Object') return `${/^[AEIOU]/.test(kind) ? 'an' : 'a'} ${kind}`
  const names = Object.keys(value)
  return names.length === 0 ? 'an empty object' : `an object with ${names.slice(0, 5).join(', ')}`
}

/** A promise of any realm, or any other thenable. */
export function isPromise(value: unknown): boolean {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}

/** The standard's name for a kind of object, of any realm: `Map`, `Date`, `Error`. */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1)
}
