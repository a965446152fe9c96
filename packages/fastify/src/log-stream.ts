import { invalidOption, type PreparedEventStream } from '@downstream/core'
import type { FastifyBaseLogger } from 'fastify'

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const

/** The level of the two log lines of each stream; false: none. */
export type LogLevel = (typeof LEVELS)[number] | false

/** @throws SseError ERR_SSE_INVALID_OPTION */
export function checkLogLevel(level: unknown): asserts level is LogLevel {
  if (level === false || LEVELS.includes(level as never)) return
  throw invalidOption('log', `${LEVELS.map((one) => `'${one}'`).join(', ')} or false`, level)
}

/**
 * Logs one line now, and one when the stream has ended. Without a logger or with a disabled level it costs nothing,
 * because no listener is added.
 */
export function logStream(log: FastifyBaseLogger, level: LogLevel, prepared: PreparedEventStream): void {
  if (level === false || prepared.stream.closed || !isEnabled(log, level)) return
  log[level]('event stream opened')
  prepared.whenFinished(({ code, duration, events }) =>
    log[level]({ code, duration: Math.round(duration), events }, 'event stream over'),
  )
}

/** Loggers other than pino may lack isLevelEnabled(). */
function isEnabled(
  log: FastifyBaseLogger & { isLevelEnabled?(level: string): boolean },
  level: string,
): boolean {
  return log.isLevelEnabled?.(level) ?? !isOff(log)
}

/**
 * Whether the app has no logger (Fastify's default). The stand-in that Fastify then uses has no property that says so.
 */
export function isOff(log: FastifyBaseLogger): boolean {
  return log.error === log.fatal && log.child({}) === log
}
