import { entryBytes, type LogEntry, type NewLogEntry } from '@downstream/core'
import { formatCursor, isNonce, type Position } from './cursor.ts'

/** A row that the log itself writes into the stream, for all processes that read it. It is not sent to clients. */
export interface Mark {
  /**
   * - `genesis`: the log was empty here. It gives the log a position to start from.
   * - `fork`: entries that were delivered are missing, although older ones are stored. Every reader gets a gap here.
   */
  readonly kind: 'genesis' | 'fork'
  /** When it was written, in ms of the clock of Redis; rounded down. */
  readonly at: number
  /**
   * When the newest of the lost entries was published, or later if that is not known: when it was delivered. In ms of
   * the clock of Redis, rounded up.
   */
  readonly lost: number
  /** Replication id of the server whose clock was read; '' if unknown. */
  readonly server: string
}

/** One row of the stream. */
export interface Row extends Position {
  /** A published event. */
  readonly entry?: LogEntry | undefined
  readonly mark?: Mark | undefined
  /**
   * - `foreign`: another program wrote it
   * - `future`: a mark that this version does not know
   */
  readonly unreadable?: 'foreign' | 'future' | undefined
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
 * The rows of an answer to XREAD for one stream. It is `[[key, rows]]` in RESP2. In RESP3 it is a map, which clients
 * return as an object, a Map or `[key, rows]`.
 */
export function readRead(reply: unknown): Row[] {
  if (reply === null || reply === undefined) return []
  if (reply instanceof Map) return readRange([...reply.values()][0])
  if (!Array.isArray(reply)) return readRange(Object.values(reply)[0])
  const [first, second] = reply
  return readRange(Array.isArray(first) ? first[1] : second)
}

/** Bytes of the text of a row in UTF-8, as the bounds of a log count them. */
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
  // Without a nonce it could not be distinguished from another entry with the same id.
  if (!isNonce(nonce)) return { id, nonce: '', unreadable: 'foreign' }
  if (kind !== undefined) return readMark({ id, nonce }, kind, fields)
  const [channels, data] = [readChannels(fields), fields.get('d')]
  if (channels === undefined || data === undefined) return { id, nonce: '', unreadable: 'foreign' }
  return { id, nonce, entry: { cursor: formatCursor({ id, nonce }), channels, event: fields.get('e'), data } }
}

/** Another program may have written anything: undefined if it is not a list of names. */
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

function readMark(position: Position, kind: string, fields: ReadonlyMap<string, string>): Row {
  if (kind !== 'genesis' && kind !== 'fork') return { ...position, unreadable: 'future' }
  // A mark without times counts as reporting a loss right now: better one gap too many than one too few.
  const at = Number(fields.get('t') ?? 0)
  const lost = Number(fields.get('l') ?? Number.POSITIVE_INFINITY)
  return { ...position, mark: { kind, at, lost, server: fields.get('s') ?? '' } }
}

function list(reply: unknown): unknown[] {
  return Array.isArray(reply) ? reply : []
}

/** A process stops at a mark that it does not know, because the mark may mean that entries are missing. */
export function futureMark(): Error {
  return new Error(
    'The stream has a mark that this version of @downstream/redis does not know. A newer version has written it: ' +
      'update this process.',
  )
}
