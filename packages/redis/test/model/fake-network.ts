import type { IoredisClient } from '../../src/index.ts'
import type { FakeServer } from './fake-server.ts'
import type { Random } from './random.ts'

/** The network between the processes and the servers. */
export class FakeNetwork {
  readonly #random: Random
  readonly #links = new Set<Link>()
  /** New connections go to one of them. */
  targets: readonly FakeServer[]
  /** How long a command or a reply takes at most, in ms. */
  delay = 5

  constructor(random: Random, server: FakeServer) {
    this.#random = random
    this.targets = [server]
  }

  /** A client of a process, with the shape of ioredis. */
  client(name: string): IoredisClient {
    return {
      call: () => Promise.reject(new Error('unused')),
      duplicate: () => this.#duplicate(name),
      disconnect() {},
    }
  }

  /** Cuts connections: those of a process, to a server, or each with a given probability. */
  cut(which: { process?: string; server?: FakeServer; share?: number }): void {
    for (const link of this.#links) {
      if (which.process !== undefined && link.process !== which.process) continue
      if (which.server !== undefined && link.server !== which.server) continue
      if (which.share !== undefined && !this.#random.chance(which.share)) continue
      link.cut()
      this.#links.delete(link)
    }
  }

  #duplicate(process: string) {
    const listeners: ((error?: unknown) => void)[] = []
    let link: Link | undefined
    return {
      on: (_: string, listener: (error?: unknown) => void) => listeners.push(listener),
      connect: async () => {
        await this.#travel()
        const server = this.#random.pick(this.targets)
        if (!server.alive) throw new Error('connect ECONNREFUSED')
        link = new Link(
          process,
          server,
          () => this.#travelTime(),
          () => {
            for (const listener of listeners) listener(new Error('read ECONNRESET'))
          },
        )
        this.#links.add(link)
      },
      call: (command: string, args: string[]) =>
        link === undefined
          ? Promise.reject(new Error('Connection is closed.'))
          : link.send([command, ...args]),
      disconnect: () => {
        if (link !== undefined) this.#links.delete(link)
        link?.close()
      },
    }
  }

  #travelTime(): number {
    return (this.#random.below(1000) * this.delay) / 1000
  }

  #travel(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.#travelTime()))
  }
}

interface Sent {
  readonly args: string[]
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
}

/** One connection: commands arrive, are executed and are answered in order. */
class Link {
  readonly process: string
  readonly server: FakeServer
  readonly #travelTime: () => number
  readonly #onCut: () => void
  readonly #arriving: Sent[] = []
  readonly #pending = new Set<Sent>()
  #open = true
  #busy = false
  #arrived = 0
  #answered = 0

  constructor(process: string, server: FakeServer, travelTime: () => number, onCut: () => void) {
    this.process = process
    this.server = server
    this.#travelTime = travelTime
    this.#onCut = onCut
  }

  send(args: string[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const sent = { args, resolve, reject }
      this.#pending.add(sent)
      this.#arrived = Math.max(this.#arrived, performance.now() + this.#travelTime())
      setTimeout(() => {
        this.#arriving.push(sent)
        this.#work()
      }, this.#arrived - performance.now())
    })
  }

  cut(): void {
    this.close()
    this.#onCut()
  }

  close(): void {
    this.#open = false
    for (const { reject } of this.#pending) reject(new Error('Connection is closed.'))
    this.#pending.clear()
  }

  #work(): void {
    while (this.#open && !this.#busy) {
      const sent = this.#arriving.shift()
      if (sent === undefined) return
      if (sent.args[0] === 'XREAD') this.#block(sent)
      else this.#execute(sent)
    }
  }

  #block(sent: Sent): void {
    this.#busy = true
    const finish = () => {
      if (!this.#busy) return
      leave()
      clearTimeout(timer)
      this.#busy = false
      this.#execute(sent)
      this.#work()
    }
    const leave = this.server.wait(finish)
    const timer = setTimeout(finish, Number(sent.args[4]))
    if (this.server.execute(sent.args) !== null) finish()
  }

  #execute(sent: Sent): void {
    if (!this.#open || !this.server.alive) return
    let answer: unknown
    let error: Error | undefined
    try {
      answer = this.server.execute(sent.args)
    } catch (thrown) {
      error = thrown as Error
    }
    this.#answered = Math.max(this.#answered, performance.now() + this.#travelTime())
    setTimeout(() => {
      if (!this.#pending.delete(sent)) return
      if (error === undefined) sent.resolve(answer)
      else sent.reject(error)
    }, this.#answered - performance.now())
  }
}
