/** A channel of `node:diagnostics_channel`, with the type of its messages. */
export interface DiagnosticsChannel<Message> {
  /** Checked before a message is created, so that a channel without subscribers costs only this check. */
  readonly hasSubscribers: boolean
  publish(message: Message): void
}
