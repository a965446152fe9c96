/** A channel of `node:diagnostics_channel`, with the type of its messages. */
export interface DiagnosticsChannel<Message> {
  /** Asked before a message is made: a channel that nobody listens to costs no more than this. */
  readonly hasSubscribers: boolean
  publish(message: Message): void
}
