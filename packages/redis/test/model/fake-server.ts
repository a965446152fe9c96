type Id = readonly [ms: number, seq: number]
type StoredRow = readonly [id: Id, fields: string[]]

/** What XREAD BLOCK waits for: called when there may be new rows. */
type Waiter = () => void

let servers = 0

/** As much of a Redis server as the log uses, in memory. */
export class FakeServer {
  alive = true
  readonly #clock: () => number
  #replicationId = `id${servers++}`
  readonly #waiters = new Set<Waiter>()
  #rows: StoredRow[] = []
  #last: Id = [0, 0]

  /** @param clock - in ms */
  constructor(clock: () => number) {
    this.#clock = clock
  }

  get length(): number {
    return this.#rows.length
  }

  /** A server with all rows except the newest, like a replica that lags. Its clock is wrong by `skew` ms. */
  replica(without: number, skew = 0): FakeServer {
    const replica = new FakeServer(() => this.#clock() + skew)
    replica.#rows = this.#rows.slice(0, Math.max(0, this.#rows.length - without))
    replica.#last = without === 0 ? this.#last : (replica.#rows.at(-1)?.[0] ?? [0, 0])
    return replica
  }

  /** Starts again with the data of another server. */
  restore(backup: FakeServer): void {
    this.#replicationId = `id${servers++}`
    this.#rows = [...backup.#rows]
    this.#last = backup.#last
  }

  /** Ids continue after a time in the future. */
  setAhead(ms: number): void {
    this.#last = [Math.max(this.#last[0], Math.floor(this.#clock()) + ms), this.#last[1] + 1]
  }

  flush(): void {
    this.#rows = []
    this.#last = [0, 0]
  }

  deleteNewest(count: number): void {
    this.#rows = this.#rows.slice(0, Math.max(0, this.#rows.length - count))
  }

  wait(waiter: Waiter): () => void {
    this.#waiters.add(waiter)
    return () => this.#waiters.delete(waiter)
  }

  /** Executes a command. Throws the errors that Redis replies. */
  execute([name = '', ...args]: string[]): unknown {
    switch (name) {
      case 'XADD':
        return this.#add(args.slice(1))
      case 'XRANGE':
        return this.#range(args[1] as string, args[2] as string, Number(args[4] ?? Number.POSITIVE_INFINITY))
      case 'XREVRANGE':
        return this.#range(args[2] as string, args[1] as string, Number.POSITIVE_INFINITY)
          .reverse()
          .slice(0, Number(args[4]))
      case 'XREAD': {
        const after = parse(args.at(-1) as string)
        const rows = this.#rows.filter(([id]) => compare(id, after) > 0).slice(0, Number(args[1]))
        return rows.length === 0 ? null : [['key', rows.map(reply)]]
      }
      case 'XLEN':
        return this.#rows.length
      case 'TIME': {
        const now = this.#clock()
        return [String(Math.floor(now / 1_000)), String(Math.floor((now % 1_000) * 1_000))]
      }
      case 'INFO':
        return `# Replication\r\nrole:master\r\nmaster_replid:${this.#replicationId}\r\n`
      case 'CLIENT':
        throw new Error('NOPERM this user has no permissions')
    }
    throw new Error(`ERR unknown command ${name}`)
  }

  #add(args: string[]): string {
    const trims = args[0] === 'MAXLEN'
    const [at = '', ...fields] = trims ? args.slice(3) : args
    const now = Math.floor(this.#clock())
    const [ms, seq] = this.#last
    let id: Id = now > ms ? [now, 0] : [ms, seq + 1]
    if (at !== '*') {
      id = parse(at)
      if (compare(id, [0, 0]) <= 0) throw new Error('ERR The ID specified in XADD must be greater than 0-0')
      if (compare(id, this.#last) <= 0) {
        throw new Error('ERR The ID specified in XADD is equal or smaller than the target stream top item')
      }
    }
    this.#last = id
    this.#rows.push([id, fields])
    if (trims) this.#rows = this.#rows.slice(-Number(args[2]))
    for (const waiter of this.#waiters) waiter()
    return format(id)
  }

  #range(from: string, to: string, count: number): unknown[] {
    const [first, last] = [from === '-' ? [0, 0] : parse(from), to === '+' ? [1e20, 0] : parse(to)] as [
      Id,
      Id,
    ]
    return this.#rows
      .filter(([id]) => compare(id, first) >= 0 && compare(id, last) <= 0)
      .slice(0, count)
      .map(reply)
  }
}

function reply([id, fields]: StoredRow): unknown {
  return [format(id), fields]
}

function parse(id: string): Id {
  const [ms = 0, seq = 0] = id.split('-').map(Number)
  return [ms, seq]
}

function format([ms, seq]: Id): string {
  return `${ms}-${seq}`
}

function compare(a: Id, b: Id): number {
  return a[0] - b[0] || a[1] - b[1]
}
