import type { NewLogEntry } from '@downstream/core'
import type { GuardedConnection } from '../connection/guarded-connection.ts'
import type { Send } from '../connection/session.ts'
import { isSamePlace, newNonce, type Place } from './cursor.ts'
import { entryFields, type Mark, markFields, type Row, readRange, readRead } from './row.ts'

/** The smallest id that Redis accepts. */
const FIRST_ID = '0-1'

/** One stream of Redis over one connection: the commands that the log needs, and no other. */
export class RedisStream {
  readonly #connection: GuardedConnection
  readonly #key: string

  constructor(connection: GuardedConnection, key: string) {
    this.#connection = connection
    this.#key = key
  }

  /** Adds a published event, and drops what is older than the newest `maxLength`, a hundred at a time. */
  async add(entry: NewLogEntry, maxLength: number): Promise<Place> {
    const nonce = newNonce()
    const fields = entryFields(entry, nonce)
    const trim = ['MAXLEN', '~', String(maxLength)]
    const id = await this.#connection.send(['XADD', this.#key, ...trim, '*', ...fields])
    return { id: String(id), nonce }
  }

  /**
   * Appends a mark after the newest entry, whatever that is by then: a mark that needed a certain id would never find it
   * free while others publish.
   */
  mark(mark: Mark): Promise<Row> {
    return this.#mark('*', mark)
  }

  /** The newest entry; in an empty log, or after rows of other programs, a new mark, so that there is an entry to begin at. */
  async head(server: string): Promise<Row> {
    const [newest] = await this.rangeBack('+', 1)
    if (newest !== undefined && newest.alien === undefined) return newest
    const at = await this.time()
    const genesis = { kind: 'genesis', at, lost: 0, server } as const
    if (newest !== undefined) return this.mark(genesis)
    try {
      // Of several processes that find the log empty, one succeeds.
      return await this.#mark(FIRST_ID, genesis)
    } catch (error) {
      if (!String(error).includes('equal or smaller')) throw error
    }
    const [other] = await this.rangeBack('+', 1)
    // All entries were deleted, and ids continue after theirs.
    return other !== undefined && other.alien === undefined ? other : this.mark(genesis)
  }

  /** From the entry `from` on, that one included; '-' is the oldest. */
  async range(from: string, count: number): Promise<Row[]> {
    const reply = await this.#connection.send(['XRANGE', this.#key, from, '+', 'COUNT', String(count)])
    return readRange(reply)
  }

  /** From the entry `from` back, newest first, that one included; '+' is the newest. */
  async rangeBack(from: string, count: number): Promise<Row[]> {
    const reply = await this.#connection.send(['XREVRANGE', this.#key, from, '-', 'COUNT', String(count)])
    return readRange(reply)
  }

  /** Whether the very entry is still there. */
  async holds(place: Place): Promise<boolean> {
    const reply = await this.#connection.send(['XRANGE', this.#key, place.id, place.id])
    return isSamePlace(readRange(reply)[0], place)
  }

  /**
   * The entries after `place`, waiting up to `block` ms for one; undefined when it cannot be proven that nothing is
   * missing. The proof is that the entry is still there, looked up after the read, in the same batch: whatever
   * was dropped or lost by then was dropped or lost before it.
   */
  async readAfter(place: Place, count: number, block: number): Promise<Row[] | undefined> {
    const how = ['COUNT', String(count), 'BLOCK', String(block)]
    const [reply, proof] = await Promise.all([
      this.#connection.send(['XREAD', ...how, 'STREAMS', this.#key, place.id], block),
      this.#connection.send(['XRANGE', this.#key, place.id, place.id], block),
    ])
    return isSamePlace(readRange(proof)[0], place) ? readRead(reply) : undefined
  }

  /** How many rows it has, those of others included. */
  async length(): Promise<number> {
    return Number(await this.#connection.send(['XLEN', this.#key]))
  }

  /** Drops rows that are older than the id, a hundred at a time. */
  async trim(id: string): Promise<void> {
    await this.#connection.send(['XTRIM', this.#key, 'MINID', '~', id])
  }

  /** The clock of Redis, in ms. */
  async time(): Promise<number> {
    const [seconds, microseconds] = (await this.#connection.send(['TIME'])) as [unknown, unknown]
    return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000)
  }

  /**
   * Rejects unless the server takes writes: a replica and a server without memory refuse this one before they look at
   * it, and a master because of its id.
   */
  async checkWritable(): Promise<void> {
    try {
      await this.#connection.send(['XADD', this.#key, '0-0', 'n', ''])
    } catch (error) {
      if (!String(error).includes('must be greater than 0-0')) throw error
    }
  }

  async #mark(id: string, mark: Mark): Promise<Row> {
    const nonce = newNonce()
    const given = await this.#connection.send(['XADD', this.#key, id, ...markFields(mark, nonce)])
    return { id: String(given), nonce, mark }
  }
}

/** Says which server a connection leads to; '' when that is not known. */
export type Identify = (send: Send) => Promise<string>

/**
 * What Redis calls the history of its data: another one after a restart or a promotion. While it is the same, one
 * server has given all ids, each greater than the one before. '' when it is not known: INFO needs a permission.
 */
export async function replicationId(send: Send): Promise<string> {
  const info = await send(['INFO', 'replication']).catch((error) => {
    if (/^(NOPERM|ERR) /.test(String(error?.message))) return ''
    throw error
  })
  return /\bmaster_replid:(\w+)/.exec(String(info))?.[1] ?? ''
}
