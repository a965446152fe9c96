import type { NewLogEntry } from './event-log.ts'

/** How much an entry counts against the `bytes` of bounds. */
export function entryBytes({ channels, event, data }: NewLogEntry): number {
  let bytes = Buffer.byteLength(data)
  if (event !== undefined) bytes += Buffer.byteLength(event)
  for (const channel of channels) bytes += Buffer.byteLength(channel)
  return bytes
}
