import type { NewLogEntry } from '@downstream/core'
import { idAfter, isSamePlace, newNonce, type Place } from './cursor.ts'
import type { GuardedConnection } from './guarded-connection.ts'
import { entryFields, type Mark, markFields, type Row, readRange, readRead } from './row.ts'

/** In front of the smallest id that Redis takes: behind it there is a place only while the log is empty. */
const NOTHING = { id: '0-0' }

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

  /** The newest entry; in an empty log, or behind what is not ours, a mark: so that there is a place to begin at. */
  async head(): Promise<Row> {
    const [newest] = await this.rangeBack('+', 1)
    if (newest !== undefined && newest.nonce !== '') return newest
    const head = await this.markBehind(newest ?? NOTHING, 'genesis')
    if (head !== undefined) return head
    // Somebody was faster; or all entries were deleted, and ids go on behind them.
    const [other] = await this.rangeBack('+', 1)
    return other ?? this.#add('*', 'genesis')
  }

  /** Adds a mark directly behind `place`; undefined when something is there already. */
  async markBehind({ id: before }: { id: string }, mark: Mark): Promise<Row | undefined> {
    try {
      return await this.#add(idAfter(before), mark)
    } catch (error) {
      if (String(error).includes('equal or smaller')) return undefined
      throw error
    }
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

  /** Whether the entry is still there. */
  async holds(place: Place): Promise<boolean> {
    const [row] = await this.range(place.id, 1)
    return isSamePlace(row, place)
  }

  /**
   * What lies behind `place`, waiting up to `block` ms for it; undefined when it cannot be proven that nothing is
   * missing. The proof is that the entry is still there, seen behind the read and on its way with it: whatever was
   * dropped or lost before, was dropped or lost in front of it.
   */
  async readBehind(place: Place, count: number, block: number): Promise<Row[] | undefined> {
    const how = ['COUNT', String(count), 'BLOCK', String(block)]
    const [reply, proof] = await Promise.all([
      this.#connection.send(['XREAD', ...how, 'STREAMS', this.#key, place.id], block),
      this.#connection.send(['XRANGE', this.#key, place.id, place.id], block),
    ])
    return isSamePlace(readRange(proof)[0], place) ? readRead(reply) : undefined
  }

  /** Drops what is older than the id. */
  async trim(id: string): Promise<void> {
    await this.#connection.send(['XTRIM', this.#key, 'MINID', '~', id])
  }

  async #add(at: string, mark: Mark): Promise<Row> {
    const nonce = newNonce()
    const id = await this.#connection.send(['XADD', this.#key, at, ...markFields(mark, nonce)])
    return { id: String(id), nonce, mark }
  }
}
