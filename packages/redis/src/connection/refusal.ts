import { SseError } from '@downstream/core'

/** What Redis says when it will go on to refuse: the password or the permissions have to be changed first. */
const REFUSALS = /\b(WRONGPASS|NOAUTH|NOPERM|ERR invalid password|ERR AUTH <password>)/

/** The error as it is told: one of its own for what does not heal by itself. */
export function refusal(cause: unknown): Error {
  const error = cause instanceof Error ? cause : new Error(String(cause))
  if (!REFUSALS.test(error.message)) return error
  return new SseError(
    'ERR_SSE_LOG_REFUSED',
    `Redis refuses this program: ${error.message} Check its password and its permissions.`,
    { cause },
  )
}
