// What is sent, the same to the byte for every contestant.
import { setImmediate as nextTurn } from 'node:timers/promises'

/** Ends every event that counts, and is in no header, id, comment or other event of any contestant. */
export const MARK = '~'

/**
 * @param {number} n The event's number, by which the order is checked.
 * @param {number} bytes
 */
export function eventData(n, bytes) {
  return `${n} `.padEnd(bytes - MARK.length, 'x') + MARK
}

/**
 * The tokens that a client asked for: `/tokens?count=50000&burst=50` is 50 000 of them, 50 in each turn of the event loop.
 *
 * @template [Token=string]
 * @param {string | undefined} url
 * @param {(text: string) => Token} as What the contestant calls an event.
 * @returns {AsyncGenerator<Token, void>}
 */
export async function* tokens(url = '', as = (text) => /** @type {Token} */ (text)) {
  const query = new URL(url, 'http://localhost').searchParams
  const count = Number(query.get('count'))
  const burst = Number(query.get('burst'))
  for (let n = 0; n < count; n++) {
    yield as(`${n} token${MARK}`)
    if (n % burst === burst - 1) await nextTurn()
  }
}
