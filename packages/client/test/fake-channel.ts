/** A BroadcastChannel that delivers in microtasks, so that it works with fake timers. */
export class FakeChannel {
  static readonly #all = new Set<FakeChannel>()
  onmessage: ((event: { data: unknown }) => void) | null = null
  readonly #name: string

  constructor(name: string) {
    this.#name = name
    FakeChannel.#all.add(this)
  }

  postMessage(data: unknown): void {
    if (!FakeChannel.#all.has(this)) throw new Error('InvalidStateError')
    for (const other of FakeChannel.#all) {
      if (other === this || other.#name !== this.#name) continue
      queueMicrotask(() => FakeChannel.#all.has(other) && other.onmessage?.({ data: structuredClone(data) }))
    }
  }

  close(): void {
    FakeChannel.#all.delete(this)
  }
}
