import type { Cursor, EventLog, LogEntry, LogFollower } from '@downstream/core'

/** What a client received, when, and with which id: the number of an event, or a gap. */
export type Received = { readonly time: number; readonly position: Cursor } & (
  | { readonly n: number }
  | { readonly gap: string }
)

const BOUNDS = { length: 5, bytes: 1_000_000 }

/** A client: its position, and what it has received. */
export class ModelClient {
  readonly received: Received[] = []
  /** Its last event id; '' before it has one. */
  position: Cursor = ''
  /** Since when it has a position. */
  since = Number.POSITIVE_INFINITY
  node: ModelNode | undefined
  /** Counts its visits. */
  visits = 0

  /** A client as this one was when it had received the first `count`: a tab that a browser restores, for example. */
  restored(count: number): ModelClient {
    const restored = new ModelClient()
    restored.received.push(...this.received.slice(0, count))
    restored.position = restored.received.at(-1)?.position ?? ''
    restored.since = this.since
    restored.visits = this.visits
    return restored
  }

  take(position: Cursor, what: { n: number } | { gap: string } | undefined): void {
    if (this.position === '') this.since = performance.now()
    this.position = position
    if (what !== undefined) this.received.push({ ...what, position, time: performance.now() })
  }
}

/** The simplest possible hub: a tail, and clients that are in the tail or read the log until they are. */
export class ModelNode implements LogFollower {
  readonly log: EventLog
  readonly states: boolean[] = []
  readonly #clients = new Set<ModelClient>()
  readonly #tailLength: number
  #base: Cursor = ''
  #tail: LogEntry[] = []
  #epoch = 0

  constructor(log: EventLog, tailLength: number) {
    this.log = log
    this.#tailLength = tailLength
    void log.follow(this, { backlog: { length: tailLength, bytes: 1_000_000 } })
  }

  get head(): Cursor {
    return this.#tail.at(-1)?.cursor ?? this.#base
  }

  get up(): boolean {
    return this.states.at(-1) === true
  }

  start(head: Cursor, backlog: readonly LogEntry[]): void {
    this.#base = backlog.length === 0 ? head : ''
    this.#tail = [...backlog]
    for (const client of this.#clients) void this.#serve(client)
  }

  entries(batch: readonly LogEntry[]): void {
    for (const entry of batch) {
      const before = this.head
      this.#tail.push(entry)
      if (this.#tail.length > this.#tailLength) this.#base = (this.#tail.shift() as LogEntry).cursor
      for (const client of this.#clients) if (client.position === before) deliver(client, entry)
    }
  }

  reset(head: Cursor, reason: string): void {
    this.#epoch++
    this.#base = head
    this.#tail = []
    for (const client of this.#clients)
      client.take(head, client.position === '' ? undefined : { gap: reason })
  }

  state(up: boolean): void {
    this.states.push(up)
  }

  join(client: ModelClient): void {
    client.node?.leave(client)
    client.node = this
    client.visits++
    this.#clients.add(client)
    if (this.head !== '') void this.#serve(client)
  }

  leave(client: ModelClient): void {
    this.#clients.delete(client)
    client.node = undefined
  }

  /** Reads the log until the position of the client is in the tail; then the client is live. */
  async #serve(client: ModelClient): Promise<void> {
    if (client.position === '') client.take(this.head, undefined)
    const { visits } = client
    const epoch = this.#epoch
    const going = () => client.node === this && client.visits === visits && this.#epoch === epoch
    while (going()) {
      if (this.#catchUp(client)) return
      const { position } = client
      try {
        const reading = await this.log.read(position, BOUNDS)
        if (!going()) return
        if (client.position !== position) continue
        if (this.#catchUp(client)) return
        if (reading.gap) return client.take(this.head, { gap: reading.reason })
        for (const entry of reading.entries) deliver(client, entry)
        if (reading.entries.length > 0) continue
      } catch {
        // Tried again.
      }
      await new Promise<void>((resolve) => setTimeout(resolve, 100))
    }
  }

  #catchUp(client: ModelClient): boolean {
    const at =
      client.position === this.#base
        ? 0
        : this.#tail.findIndex(({ cursor }) => cursor === client.position) + 1
    if (at === 0 && client.position !== this.#base) return false
    for (const entry of this.#tail.slice(at)) deliver(client, entry)
    return true
  }
}

function deliver(client: ModelClient, { cursor, data }: LogEntry): void {
  client.take(cursor, { n: Number(data) })
}
