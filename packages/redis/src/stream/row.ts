import { entryBytes, type LogEntry, type NewLogEntry } from '@downstream/core'
import { formatCursor, isNonce, type Place } from './cursor.ts'

/** A row that the log itself writes into the stream, for all processes that read it; no client gets it. */
export interface Mark {
  /**
   * - `genesis`: the log was empty here. The log begins at it.
   * - `fork`: entries that somebody was given are gone, though older ones are held. Nobody reads across it without a gap.
   */
  readonly kind: 'genesis' | 'fork'
  /** When it was written, by the clock of Redis in ms; a little earlier at most, never later. */
  readonly at: number
  /** When the newest of the lost entries was given to somebody, by the clock of Redis in ms; never earlier. */
  readonly lost: number
  /** Replication id of the server by whose clock these are; '' when that is not known. */
  readonly server: string
}

/** One row of the stream. */
export interface Row extends Place {
  /** A published event. */
  readonly entry?: LogEntry | undefined
  readonly mark?: Mark | undefined
  /**
   * - `foreign`: another program has put it into the stream
   * - `future`: a mark that this version does not know
   */
  readonly alien?: 'foreign' | 'future' | undefined
}

/** The fields of a published event. */
export function entryFields({ channels, event, data }: NewLogEntry, nonce: string): string[] {
  const [first, ...others] = channels
  const where = first !== undefined && others.length === 0 ? ['c', first] : ['cs', JSON.stringify(channels)]
  const fields = ['n', nonce, ...where, 'd', data]
  return event === undefined ? fields : [...fields, 'e', event]
}

/** The fields of a mark. */
export function markFields({ kind, at, lost, server }: Mark, nonce: string): string[] {
  return ['n', nonce, 'm', kind, 't', String(at), 'l', String(lost), 's', server]
}

/** The rows of an answer to XRANGE or XREVRANGE. */
export function readRange(reply: unknown): Row[] {
  return list(reply).map(readRow)
}

/**
 * The rows of an answer to XREAD of one stream. It is `[[key, rows]]` in RESP2; in RESP3 a map, which clients hand out
 * as an object, a Map or `[key, rows]`.
 */
export function readRead(reply: unknown): Row[] {
  if (reply === null || reply === undefined) return []
  if (reply instanceof Map) return readRange([...reply.values()][0])
  if (!Array.isArray(reply)) return readRange(Object.values(reply)[0])
  const [first, second] = reply
  return readRange(Array.isArray(first) ? first[1] : second)
}

/** Bytes of the text of a row in UTF-8, as bounds of a log count them. */
export function rowBytes({ entry }: Row): number {
  return entry === undefined ? 0 : entryBytes(entry)
}

function readRow(reply: unknown): Row {
  const [rawId, rawFields] = list(reply)
  const id = String(rawId)
  const fields = new Map<string, string>()
  const pairs = list(rawFields)
  for (let at = 0; at + 1 < pairs.length; at += 2) fields.set(String(pairs[at]), String(pairs[at + 1]))
  const nonce = fields.get('n') ?? ''
  const kind = fields.get('m')
  // Without a nonce it could not be distinguished from another entry with its id.
  if (!isNonce(nonce)) return { id, nonce: '', alien: 'foreign' }
  if (kind !== undefined) return readMark({ id, nonce }, kind, fields)
  const [channels, data] = [readChannels(fields), fields.get('d')]
  if (channels === undefined || data === undefined) return { id, nonce: '', alien: 'foreign' }
  return { id, nonce, entry: { cursor: formatCursor({ id, nonce }), channels, event: fields.get('e'), data } }
}

/** Other programs may have written anything there: undefined for what is not a list of names. */
function readChannels(fields: ReadonlyMap<string, string>): string[] | undefined {
  const one = fields.get('c')
  if (one !== undefined) return [one]
  try {
    const names: unknown = JSON.parse(fields.get('cs') ?? '')
    return Array.isArray(names) && names.every((name) => typeof name === 'string') ? names : undefined
  } catch {
    return undefined
  }
}

function readMark(place: Place, kind: string, fields: ReadonlyMap<string, string>): Row {
  if (kind !== 'genesis' && kind !== 'fork') return { ...place, alien: 'future' }
  // Without times it counts as a report of a loss just now: a gap too many is better than one too few.
  const at = Number(fields.get('t') ?? 0)
  const lost = Number(fields.get('l') ?? Number.POSITIVE_INFINITY)
  return { ...place, mark: { kind, at, lost, server: fields.get('s') ?? '' } }
}

function list(reply: unknown): unknown[] {
  return Array.isArray(reply) ? reply : []
}

/** Why a process stops at a mark that it does not know: what it says, may be that entries are missing. */
export function futureMark(): Error {
  return new Error(
    'The stream has a mark that this version of @downstream/redis does not know. A newer version has written it: ' +
      'update this process.',
  )
}
