/**
 * A `Response` of `fetch()` whose body is an event stream. Recognized by its shape, because there are several such
 * classes.
 */
export interface EventStreamResponse {
  readonly ok: boolean
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: object | null
}

/** Whether `value` is a `Response`, of an event stream or of anything else. */
export function isResponse(value: unknown): value is EventStreamResponse {
  if (typeof value !== 'object' || value === null) return false
  const { ok, status, headers } = value as Partial<EventStreamResponse>
  return (
    typeof ok === 'boolean' &&
    typeof status === 'number' &&
    typeof headers?.get === 'function' &&
    'body' in value
  )
}
