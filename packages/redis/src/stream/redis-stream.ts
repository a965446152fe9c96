import type { NewLogEntry } from '@downstream/core'
import type { GuardedConnection } from '../connection/guarded-connection.ts'
import type { Send } from '../connection/session.ts'
import { isSamePosition, newNonce, type Position } from './cursor.ts'
import { entryFields, type Mark, markFields, type Row, readRange, readRead } from './row.ts'

/** The smallest id that Redis accepts. */
const FIRST_ID = '0-1'

/** One Redis Stream over one connection, with only the commands that the log needs. */
export class RedisStream {
  readonly #connection: GuardedConnection
  readonly #key: string

  constructor(connection: GuardedConnection, key: string) {
    this.#connection = connection
    this.#key = key
  }

  /** Adds a published event, and drops entries older than the newest `maxLength`, a hundred at a time. */
  async add(entry: NewLogEntry, maxLength: number): Promise<Position> {
    const nonce = newNonce()
    const fields = entryFields(entry, nonce)
    const trim = ['MAXLEN', '~', String(maxLength)]
    const id = await this.#connection.send(['XADD', this.#key, ...trim, '*', ...fields])
    return { id: String(id), nonce }
  }

  /**
   * Appends a mark after the newest entry, whichever that is by then. While others publish, no particular id would be
   * free.
   */
  mark(mark: Mark): Promise<Row> {
    return this.#mark('*', mark)
  }

  /** The newest entry. In an empty log, or after rows of other programs, it appends a mark to start from. */
  async head(server: string): Promise<Row> {
    const [newest] = await this.rangeBack('+', 1)
    if (newest !== undefined && newest.unreadable === undefined) return newest
    const at = await this.time()
    const genesis = { kind: 'genesis', at, lost: 0, server } as const
    if (newest !== undefined) return this.mark(genesis)
    try {
      // If several processes find the log empty, one of them succeeds.
      return await this.#mark(FIRST_ID, genesis)
    } catch (error) {
      if (!String(error).includes('equal or smaller')) throw error
    }
    const [other] = await this.rangeBack('+', 1)
    // All entries were deleted, and ids continue after theirs.
    return other !== undefined && other.unreadable === undefined ? other : this.mark(genesis)
  }

  /** Rows from the entry `from` on, inclusive; '-' is the oldest. */
  async range(from: string, count: number): Promise<Row[]> {
    const reply = await this.#connection.send(['XRANGE', this.#key, from, '+', 'COUNT', String(count)])
    return readRange(reply)
  }

  /** Rows from the entry `from` backwards, newest first and inclusive; '+' is the newest. */
  async rangeBack(from: string, count: number): Promise<Row[]> {
    const reply = await this.#connection.send(['XREVRANGE', this.#key, from, '-', 'COUNT', String(count)])
    return readRange(reply)
  }

  /** Whether this entry, with this nonce, is still stored. */
  async holds(position: Position): Promise<boolean> {
    const reply = await this.#connection.send(['XRANGE', this.#key, position.id, position.id])
    return isSamePosition(readRange(reply)[0], position)
  }

  /**
   * The entries after `position`, waiting up to `block` ms for one; undefined if it cannot be proven that nothing is
   * missing. The proof is that the entry at `position` is still stored, which is looked up after the read, in the same
   * batch: whatever was dropped or lost by then comes before it.
   */
  async readAfter(position: Position, count: number, block: number): Promise<Row[] | undefined> {
    const how = ['COUNT', String(count), 'BLOCK', String(block)]
    const [reply, proof] = await Promise.all([
      this.#connection.send(['XREAD', ...how, 'STREAMS', this.#key, position.id], block),
      this.#connection.send(['XRANGE', this.#key, position.id, position.id], block),
    ])
    return isSamePosition(readRange(proof)[0], position) ? readRead(reply) : undefined
  }

  /** The number of rows, including those of other programs. */
  async length(): Promise<number> {
    return Number(await this.#connection.send(['XLEN', this.#key]))
  }

  /** Drops rows that are older than the id, a hundred at a time. */
  async trim(id: string): Promise<void> {
    await this.#connection.send(['XTRIM', this.#key, 'MINID', '~', id])
  }

  /** The clock of Redis in ms. */
  async time(): Promise<number> {
    const [seconds, microseconds] = (await this.#connection.send(['TIME'])) as [unknown, unknown]
    return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000)
  }

  /**
   * Rejects unless the server accepts writes. A replica, or a server without memory, refuses this command before it
   * checks the id; a master refuses it because of the id.
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

/** Identifies the server of a connection; '' if unknown. */
export type Identify = (send: Send) => Promise<string>

/**
 * The id of the server's data history in Redis. It changes after a restart or a promotion. While it is the same, one
 * server has assigned all ids, each greater than the previous. '' if unknown: INFO needs a permission.
 */
export async function replicationId(send: Send): Promise<string> {
  const info = await send(['INFO', 'replication']).catch((error) => {
    if (/^(NOPERM|ERR) /.test(String(error?.message))) return ''
    throw error
  })
  return /\bmaster_replid:(\w+)/.exec(String(info))?.[1] ?? ''
}
