import { randomBytes } from 'node:crypto'
import type { Cursor } from '@downstream/core'

/** An entry of the stream: the id that Redis gave it, and the nonce that its publisher wrote into it. */
export interface Place {
  /** `<ms>-<seq>`, decimal, as Redis writes it. */
  readonly id: string
  /** After a failover an id may be given a second time, to another entry. */
  readonly nonce: string
}

const CURSOR = /^((?:0|[1-9]\d{0,19})-(?:0|[1-9]\d{0,19}))-([\w-]{8})$/
const NONCE = /^[\w-]{8}$/
const MAX_NUMBER = 2n ** 64n - 1n

/** 48 random bits, in 8 characters of a cursor. */
export function newNonce(): string {
  return randomBytes(6).toString('base64url')
}

/** Whether a publisher of this log could have written it. */
export function isNonce(text: string): boolean {
  return NONCE.test(text)
}

export function formatCursor({ id, nonce }: Place): Cursor {
  return `${id}-${nonce}`
}

/** The entry that a cursor of a client names; undefined when it cannot be a cursor of a log on Redis. */
export function parseCursor(cursor: Cursor): Place | undefined {
  const [, id, nonce] = CURSOR.exec(cursor) ?? []
  if (id === undefined || nonce === undefined) return undefined
  return numbers(id).some((number) => number > MAX_NUMBER) ? undefined : { id, nonce }
}

export function isSamePlace(a: Place | undefined, b: Place): boolean {
  return a !== undefined && a.id === b.id && a.nonce === b.nonce
}

/** Whether the id `a` is smaller than `b`: Redis orders its entries so. */
export function isBefore(a: string, b: string): boolean {
  const [[msA, seqA], [msB, seqB]] = [numbers(a), numbers(b)]
  return msA < msB || (msA === msB && seqA < seqB)
}

/** The first number of an id: when Redis added the entry, by its clock in ms, unless that has been put back. */
export function msOf(id: string): number {
  return Number(id.slice(0, id.indexOf('-')))
}

function numbers(id: string): [ms: bigint, seq: bigint] {
  const dash = id.indexOf('-')
  return [BigInt(id.slice(0, dash)), BigInt(id.slice(dash + 1))]
}
