import type { LogEntry, NewLogEntry } from '@downstream/core'
import { formatCursor, type Place } from './cursor.ts'

/** What the log itself writes into the stream, for all processes that read it; no client gets it. */
export type Mark =
  /** The log was empty here: gives it a place to begin at. */
  | 'genesis'
  /** Entries that somebody was given are gone, though older ones are not: nobody reads across this without a gap. */
  | 'fork'

/** An entry of the stream: a published event, a mark, or what others may have put there. */
export interface Row extends Place {
  readonly mark?: Mark | undefined
  readonly entry?: LogEntry | undefined
}

/** The fields of a published event. */
export function entryFields({ channels, event, data }: NewLogEntry, nonce: string): string[] {
  const [first, ...others] = channels
  // One channel as 0.1.0 has written it, so that its processes read it too.
  const where = first !== undefined && others.length === 0 ? ['c', first] : ['cs', JSON.stringify(channels)]
  const fields = ['n', nonce, ...where, 'd', data]
  return event === undefined ? fields : [...fields, 'e', event]
}

/** The fields of a mark. */
export function markFields(mark: Mark, nonce: string): string[] {
  return ['n', nonce, 'm', mark]
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

function readRow(reply: unknown): Row {
  const [rawId, rawFields] = list(reply)
  const id = String(rawId)
  const fields = new Map<string, string>()
  const pairs = list(rawFields)
  for (let at = 0; at + 1 < pairs.length; at += 2) fields.set(String(pairs[at]), String(pairs[at + 1]))
  const nonce = fields.get('n') ?? ''
  const [channels, data] = [readChannels(fields), fields.get('d')]
  if (channels === undefined || data === undefined) {
    const mark = fields.get('m')
    return { id, nonce, mark: mark === 'genesis' || mark === 'fork' ? mark : undefined }
  }
  return { id, nonce, entry: { cursor: formatCursor({ id, nonce }), channels, event: fields.get('e'), data } }
}

/** Others may have put anything there: undefined for what is no list of names. */
function readChannels(fields: ReadonlyMap<string, string>): string[] | undefined {
  const one = fields.get('c')
  if (one !== undefined) return [one]
  try {
    const list: unknown = JSON.parse(fields.get('cs') ?? '')
    return Array.isArray(list) && list.every((name) => typeof name === 'string') ? list : undefined
  } catch {
    return undefined
  }
}

function list(reply: unknown): unknown[] {
  return Array.isArray(reply) ? reply : []
}
