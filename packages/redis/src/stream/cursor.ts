import { randomBytes } from 'node:crypto'
import type { Cursor } from '@downstream/core'

/** A position in the stream: the id that Redis assigned, and a nonce that the publisher wrote into the entry. */
export interface Position {
  /** `<ms>-<seq>`, decimal, as Redis writes it. */
  readonly id: string
  /** Distinguishes entries with the same id: after a failover an id may be assigned a second time. */
  readonly nonce: string
}

const CURSOR = /^((?:0|[1-9]\d{0,19})-(?:0|[1-9]\d{0,19}))-([\w-]{8})$/
const NONCE = /^[\w-]{8}$/
const MAX_NUMBER = 2n ** 64n - 1n

/** 48 random bits, as 8 characters of a cursor. */
export function newNonce(): string {
  return randomBytes(6).toString('base64url')
}

/** Whether a publisher of this log could have written it. */
export function isNonce(text: string): boolean {
  return NONCE.test(text)
}

export function formatCursor({ id, nonce }: Position): Cursor {
  return `${id}-${nonce}`
}

/** The position that a client sent as a cursor; undefined if it cannot be a cursor of a log on Redis. */
export function parseCursor(cursor: Cursor): Position | undefined {
  const [, id, nonce] = CURSOR.exec(cursor) ?? []
  if (id === undefined || nonce === undefined) return undefined
  return numbers(id).some((number) => number > MAX_NUMBER) ? undefined : { id, nonce }
}

export function isSamePosition(a: Position | undefined, b: Position): boolean {
  return a !== undefined && a.id === b.id && a.nonce === b.nonce
}

/** Whether the id `a` is smaller than `b` in the order of Redis. */
export function isBefore(a: string, b: string): boolean {
  const [[msA, seqA], [msB, seqB]] = [numbers(a), numbers(b)]
  return msA < msB || (msA === msB && seqA < seqB)
}

/** The first number of an id: when Redis added the entry, by its clock in ms, unless that clock was set back. */
export function msOf(id: string): number {
  return Number(id.slice(0, id.indexOf('-')))
}

function numbers(id: string): [ms: bigint, seq: bigint] {
  const dash = id.indexOf('-')
  return [BigInt(id.slice(0, dash)), BigInt(id.slice(dash + 1))]
}
