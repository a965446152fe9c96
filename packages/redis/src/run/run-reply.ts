import type { RunReading, RunStatus } from '@downstream/core'

/** A run as the scripts return it and as its notifications contain it. */
export interface RunReply extends RunReading {
  readonly producer: string
}

/** Parses the answer of a script; undefined if there is no such run. */
export function readRunReply(id: string, reply: unknown): RunReply | undefined {
  if (!Array.isArray(reply) || reply.length === 0) return undefined
  const [attempt, status, events, bytes, startedAt, endedAt, producer, first, ...texts] = reply.map(String)
  const state = {
    id,
    status: status as RunStatus,
    events: Number(events),
    bytes: Number(bytes),
    startedAt: Number(startedAt),
  }
  return {
    attempt: String(attempt),
    producer: String(producer),
    state: endedAt === '' ? state : { ...state, endedAt: Number(endedAt) },
    first: Number(first),
    events: texts,
  }
}
