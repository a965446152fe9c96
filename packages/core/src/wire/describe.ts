/** What somebody has given in place of what was asked for, for the message of an error. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value)
  if (typeof value !== 'object') return typeof value
  if (value instanceof Promise) return 'a promise: await it'
  if (Array.isArray(value)) return 'an array'
  const names = Object.keys(value)
  return names.length === 0 ? 'an empty object' : `an object with ${names.slice(0, 5).join(', ')}`
}
