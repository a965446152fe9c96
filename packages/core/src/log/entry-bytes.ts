import type { NewLogEntry } from './event-log.ts'

/** How many bytes an entry counts against `LogBounds.bytes`. */
export function entryBytes({ channels, event, data }: NewLogEntry): number {
  let bytes = Buffer.byteLength(data)
  if (event !== undefined) bytes += Buffer.byteLength(event)
  for (const channel of channels) bytes += Buffer.byteLength(channel)
  return bytes
}
