import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { freePorts } from '../../../../scripts/free-ports.mjs'

/** What becomes of the bytes of a connection. */
interface Link {
  readonly client: Socket
  readonly server: Socket
  /** Nothing gets through any more, no end either, and nobody is told. */
  dead: boolean
  /** What comes from the client is kept back; that it has gone away, too. */
  held: boolean
}

/** A TCP proxy: the network between a node and its Redis, and all that can happen to it. */
export class FaultyProxy {
  readonly port: number
  /** How many connections it has taken, ever. */
  accepted = 0
  #target: number
  #listener: Server | undefined
  readonly #links = new Set<Link>()
  #swallows = false
  /** Bytes on open connections that come when {@link release} is called. */
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

  /** How many connections its clients have not ended, dead ones too. */
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

  /** Nobody listens any more: new connections are refused by the system. Those that are open stay. */
  refuse(): void {
    this.#listener?.close()
    this.#listener = undefined
  }

  /** Takes connections again. */
  async accept(): Promise<void> {
    if (this.#listener !== undefined) return
    const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#link(client))
    this.#listener = listener
    listener.listen(this.port, '127.0.0.1')
    await once(listener, 'listening')
  }

  /**
   * Swallows all that comes, either way and without a word. `old`: only on the connections that are open, as when a
   * firewall has forgotten them. `newest`: only on the last of those.
   */
  blackHole(which: 'all' | 'old' | 'newest' = 'all'): void {
    this.#swallows = which === 'all'
    const links = [...this.#links]
    for (const link of which === 'newest' ? links.slice(-1) : links) link.dead = true
  }

  /** Keeps what comes on the connections that are open, as a network does that delivers it late. New ones work. */
  hold(): void {
    this.#held = []
    for (const link of this.#links) link.held = true
  }

  /** Delivers what was held, to servers that still listen. */
  release(): void {
    for (const step of this.#held ?? []) step()
    this.#held = undefined
  }

  /** The way is free for new connections; those that were swallowed stay dead. */
  heal(): void {
    this.#swallows = false
  }

  /** From now on every byte takes `ms` longer, in each direction. */
  delay(ms: number): void {
    this.#delay = ms
  }

  /** New connections go to another server. */
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
    link.client.resetAndDestroy()
    link.server.resetAndDestroy()
  }
}

/** Does things later, in the order in which they were asked for, also when the delay changes. */
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
