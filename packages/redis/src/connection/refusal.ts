import { SseError } from '@downstream/core'

/** Errors of Redis that waiting does not cure: the password or the permissions must be corrected. */
const REFUSALS = /\b(WRONGPASS|NOAUTH|NOPERM|ERR invalid password|ERR AUTH <password>)/

/** The error to report, with a code of its own if it needs such a correction. */
export function refusal(cause: unknown): Error {
  const error = cause instanceof Error ? cause : new Error(String(cause))
  if (!REFUSALS.test(error.message)) return error
  return new SseError(
    'ERR_SSE_LOG_REFUSED',
    `Redis refuses access: ${error.message} Check the password, and the permissions of the user.`,
    { cause },
  )
}
