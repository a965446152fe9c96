import { warn } from '../errors.ts'
import type { EventLog, LogBounds } from '../log/event-log.ts'
import { MemoryLog } from '../log/memory-log.ts'
import { encodeEvent, type Serialize, serializeJson } from '../wire/encode.ts'
import { checkOptionNames, invalidOption } from '../wire/invalid-option.ts'
import type { ControlEventNames } from './control-event.ts'
import { guardedCallback } from './guarded-callback.ts'
import type { HubOptions } from './hub.ts'

/** The checked options, with their defaults. */
export interface ResolvedHubOptions {
  readonly log: EventLog
  readonly tail: LogBounds
  readonly serialize: Serialize
  readonly gapDelay: number
  readonly maxResume: number
  readonly maxChannels: number
  readonly maxChannelLength: number
  readonly maxEventBytes: number
  readonly maxResumes: number
  readonly snapshotMaxAge: number
  readonly snapshotTimeout: number
  readonly names: ControlEventNames
  readonly onError: (error: unknown) => void
  readonly onLogState: (state: 'up' | 'down', error?: unknown) => void
}

const NAMES = [
  'log',
  'tail',
  'serialize',
  'gapDelay',
  'maxResume',
  'maxChannels',
  'maxChannelLength',
  'maxEventBytes',
  'maxResumes',
  'snapshotMaxAge',
  'snapshotTimeout',
  'controlEvents',
  'onError',
  'onLogState',
] as const satisfies (keyof HubOptions)[]

/** @throws {@link SseError} ERR_SSE_INVALID_OPTION, naming the option */
export function resolveHubOptions(options: HubOptions): ResolvedHubOptions {
  checkOptionNames(options, NAMES, 'options of a hub')
  const { tail = {}, controlEvents = {} } = options
  checkOptionNames(tail, ['length', 'bytes'], 'bounds of the tail')
  checkOptionNames(controlEvents, ['gap', 'bookmark', 'snapshot'], 'controlEvents')
  const { length = 10_000, bytes = 16_777_216 } = tail
  const { gap = 'gap', bookmark = 'bookmark', snapshot = 'snapshot' } = controlEvents
  const {
    log = new MemoryLog(),
    serialize = serializeJson,
    gapDelay = 1_000,
    maxResume = 100_000,
    maxChannels = 10_000,
    maxChannelLength = 1_024,
    maxEventBytes = 16_777_216,
    maxResumes = 10_000,
    snapshotMaxAge = 1_000,
    snapshotTimeout = 10_000,
    onError = warn,
    onLogState = () => {},
  } = options
  if (typeof log?.append !== 'function' || typeof log.follow !== 'function')
    throw invalidOption('log', 'an EventLog, such as a MemoryLog or a RedisLog', log)
  for (const [name, value] of Object.entries({
    'tail.length': length,
    'tail.bytes': bytes,
    maxResume,
    maxChannels,
    maxChannelLength,
    maxEventBytes,
    maxResumes,
    snapshotTimeout,
  })) {
    if (!(typeof value === 'number' && value > 0)) throw invalidOption(name, 'a number above 0', value)
  }
  for (const [name, value] of Object.entries({ gapDelay, snapshotMaxAge })) {
    if (!Number.isFinite(value) || value < 0) throw invalidOption(name, 'a number of ms, 0 or more', value)
  }
  if (!Number.isSafeInteger(length)) throw invalidOption('tail.length', 'an integer', length)
  for (const [name, value] of Object.entries({ serialize, onError, onLogState })) {
    if (typeof value !== 'function') throw invalidOption(name, 'a function', value)
  }
  for (const name of bookmark === false ? [gap, snapshot] : [gap, bookmark, snapshot]) {
    if (name === '')
      throw invalidOption('controlEvents', 'an object of names that are not empty', controlEvents)
    encodeEvent({ event: name, data: '' })
  }
  const report = guardedCallback(onError, warn)
  return {
    log,
    tail: { length, bytes },
    serialize,
    gapDelay,
    maxResume,
    maxChannels,
    maxChannelLength,
    maxEventBytes,
    maxResumes,
    snapshotMaxAge,
    snapshotTimeout,
    names: { gap, bookmark, snapshot },
    onError: report,
    onLogState: guardedCallback(onLogState, report),
  }
}
