import { invalidOption, type PreparedEventStream } from '@downstream/core'
import type { FastifyBaseLogger } from 'fastify'

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const

/** The level of the two lines for each stream; false: none. */
export type LogLevel = (typeof LEVELS)[number] | false

/** @throws SseError ERR_SSE_INVALID_OPTION */
export function checkLogLevel(level: unknown): asserts level is LogLevel {
  if (level === false || LEVELS.includes(level as never)) return
  throw invalidOption('log', `${LEVELS.map((one) => `'${one}'`).join(', ')} or false`)
}

/** Logs a line now and one when the stream is over. A level that is off costs nothing: no listener is kept. */
export function logStream(log: FastifyBaseLogger, level: LogLevel, prepared: PreparedEventStream): void {
  if (level === false || prepared.stream.closed || !isEnabled(log, level)) return
  log[level]('event stream opened')
  prepared.whenFinished(({ code, duration, events }) =>
    log[level]({ code, duration: Math.round(duration), events }, 'event stream over'),
  )
}

/** Loggers that are not pino may not say. */
function isEnabled(
  log: FastifyBaseLogger & { isLevelEnabled?(level: string): boolean },
  level: string,
): boolean {
  return log.isLevelEnabled?.(level) ?? true
}
