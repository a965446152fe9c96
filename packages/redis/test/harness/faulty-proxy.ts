import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { freePorts } from '../../../../scripts/free-ports.mjs'
import { resetConnection } from '../../../testing/src/reset-connection.ts'

/** What happens to the bytes of a connection. */
interface Link {
  readonly client: Socket
  readonly server: Socket
  /** Nothing passes any more, not even an end, and neither side is notified. */
  dead: boolean
  /** What the client sends is held, even its disconnect. */
  held: boolean
}

/** A TCP proxy: the network between a node and its Redis, and everything that can happen to it. */
export class FaultyProxy {
  readonly port: number
  /** The number of connections that it has ever accepted. */
  accepted = 0
  #target: number
  #listener: Server | undefined
  readonly #links = new Set<Link>()
  #swallows = false
  /** Bytes on open connections that arrive when {@link release} is called. */
  #held: (() => void)[] | undefined
  #delay = 0

  /** @param target - the port that connections go to */
  static async open(target: number): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(await freePorts(), target)
    await proxy.accept()
    return proxy
  }

  private constructor(port: number, target: number) {
    this.port = port
    this.#target = target
  }

  /** The number of connections that clients have not ended, including dead ones. */
  get open(): number {
    return [...this.#links].filter(({ client }) => !client.readableEnded && !client.destroyed).length
  }

  /** Resets all connections, or those that are chosen. */
  cut(isChosen: () => boolean = () => true): void {
    for (const link of this.#links) if (isChosen()) this.#reset(link)
  }

  /** Resets one connection; the oldest is 0. */
  cutOne(n: number): void {
    const link = [...this.#links][n]
    if (link !== undefined) this.#reset(link)
  }

  /** Stops listening: the system refuses new connections. Open ones stay open. */
  refuse(): void {
    this.#listener?.close()
    this.#listener = undefined
  }

  /** Accepts connections again. */
  async accept(): Promise<void> {
    if (this.#listener !== undefined) return
    const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#link(client))
    this.#listener = listener
    listener.listen(this.port, '127.0.0.1')
    await once(listener, 'listening')
  }

  /**
   * Silently drops everything, in both directions. `old`: only on the connections that are open, as when a firewall has
   * forgotten them. `newest`: only on the last of those.
   */
  blackHole(which: 'all' | 'old' | 'newest' = 'all'): void {
    this.#swallows = which === 'all'
    const links = [...this.#links]
    for (const link of which === 'newest' ? links.slice(-1) : links) link.dead = true
  }

  /** Holds what is sent on the connections that are open, as a network does that delivers it late. New ones work. */
  hold(): void {
    this.#held = []
    for (const link of this.#links) link.held = true
  }

  /** Delivers what was held, to servers that still listen. */
  release(): void {
    for (const step of this.#held ?? []) step()
    this.#held = undefined
  }

  /** New connections work again; those in a black hole stay dead. */
  heal(): void {
    this.#swallows = false
  }

  /** From now on every byte takes `ms` longer, in each direction. */
  delay(ms: number): void {
    this.#delay = ms
  }

  /** Sends new connections to another server. */
  retarget(port: number): void {
    this.#target = port
  }

  close(): void {
    this.refuse()
    this.cut()
  }

  #link(client: Socket): void {
    this.accepted++
    const server = connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const link: Link = { client, server, dead: this.#swallows, held: false }
    this.#links.add(link)
    this.#relay(link, client, server)
    this.#relay(link, server, client)
  }

  #relay(link: Link, from: Socket, to: Socket): void {
    const pipe = new DelayPipe()
    const pass = (step: () => void) =>
      pipe.push(this.#delay, () => {
        if (link.held && from === link.client && this.#held !== undefined) this.#held.push(step)
        else if (!link.dead) step()
      })
    from.on('data', (chunk) =>
      pass(() => {
        if (to.write(chunk)) return
        from.pause()
        to.once('drain', () => from.resume())
      }),
    )
    from.on('end', () => pass(() => to.end()))
    from.on('error', () => {
      if (!link.dead && !(link.held && from === link.client)) this.#reset(link)
    })
    from.on('close', () => {
      if (to.destroyed) this.#links.delete(link)
      pass(() => to.end())
    })
  }

  #reset(link: Link): void {
    this.#links.delete(link)
    resetConnection(link.client)
    resetConnection(link.server)
  }
}

/** Runs actions after a delay, in the order of the calls, even if the delay changes. */
class DelayPipe {
  readonly #waiting: { due: number; step: () => void }[] = []

  push(delay: number, step: () => void): void {
    if (delay === 0 && this.#waiting.length === 0) {
      step()
      return
    }
    this.#waiting.push({ due: performance.now() + delay, step })
    if (this.#waiting.length === 1) this.#wait()
  }

  #wait(): void {
    const next = this.#waiting[0]
    if (next === undefined) return
    const step = () => {
      next.step()
      this.#waiting.shift()
      this.#wait()
    }
    setTimeout(step, next.due - performance.now()).unref()
  }
}
