import { SseError } from '@downstream/core'

/** The answers of Redis that do not change with time: the password or the permissions have to be corrected first. */
const REFUSALS = /\b(WRONGPASS|NOAUTH|NOPERM|ERR invalid password|ERR AUTH <password>)/

/** The error as it is reported: with a code of its own if it does not go away without a change. */
export function refusal(cause: unknown): Error {
  const error = cause instanceof Error ? cause : new Error(String(cause))
  if (!REFUSALS.test(error.message)) return error
  return new SseError(
    'ERR_SSE_LOG_REFUSED',
    `Redis refuses this program: ${error.message} Check its password and its permissions.`,
    { cause },
  )
}
