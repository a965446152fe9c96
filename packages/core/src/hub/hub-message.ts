import type { LogEntry, NewLogEntry } from '../log/event-log.ts'

/** A message from one hub to the hubs of all processes: an entry of the log without channels. */
export type HubMessage = { readonly do: 'disconnect'; readonly key: string }

/** The entry for a message. */
export function messageEntry(message: HubMessage): NewLogEntry {
  return { channels: [], event: message.do, data: message.key }
}

/** Whether an entry is a message to hubs. */
export function isMessage({ channels }: LogEntry): boolean {
  return channels.length === 0
}

/** The message of such an entry. Undefined if this version does not know it. */
export function readMessage({ event, data }: LogEntry): HubMessage | undefined {
  return event === 'disconnect' ? { do: event, key: data } : undefined
}
