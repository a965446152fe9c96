// The data that is sent: the same bytes for every contestant.
import { setImmediate as nextTurn } from 'node:timers/promises'

/** Ends every event that counts, and occurs in no header, id, comment or other event of any contestant. */
export const MARK = '~'

/** Events that can be compressed like those of real apps. @typedef {'price' | 'list' | 'table'} Kind */

/**
 * @param {number} n The number of the event, which is used to check the order.
 * @param {number | Kind} bytes This many bytes of one letter, or an event of a kind.
 */
export function eventData(n, bytes) {
  if (typeof bytes === 'number') return `${n} `.padEnd(bytes - MARK.length, 'x') + MARK
  return `${n} ${KINDS[bytes](n)}${MARK}`
}

/** @type {Record<Kind, (n: number) => string>} */
const KINDS = {
  price: (n) =>
    `{"symbol":"${SYMBOLS[n % SYMBOLS.length]}","price":${noise(n, 1) / 100},"volume":${noise(n, 2)},"bid":${noise(n, 3) / 100},"ask":${noise(n, 4) / 100},"time":${1_790_000_000_000 + n * 250}}`,
  list: (n) => JSON.stringify(Array.from({ length: 40 }, (_, row) => order(row, version(n, row, 8)))),
  table: (n) =>
    `<table>${Array.from({ length: 60 }, (_, row) => tableRow(row, version(n, row, 60))).join('')}</table>`,
}

const SYMBOLS = ['ACME', 'GLOBX', 'INITECH', 'UMBRL', 'HOOLI', 'VNDLY', 'STARK', 'WAYNE']

/** The number of the last event that changed the row: each event changes one row in `every`. @param {number} n @param {number} row @param {number} every */
function version(n, row, every) {
  return n - ((n + row) % every)
}

/** @param {number} row @param {number} version */
function order(row, version) {
  return {
    id: 10_000 + row,
    customer: `customer ${noise(row, 5)}`,
    state: noise(version, row) % 2 ? 'packed' : 'shipped',
    amount: noise(version, row + 100) / 100,
    items: noise(version, row + 200) % 20,
  }
}

/** @param {number} row @param {number} version */
function tableRow(row, version) {
  return `<tr id="row-${row}"><td class="name">Service ${row}</td><td class="value">${noise(version, row)}</td><td>ms</td></tr>`
}

/** A number of up to five digits, always the same for the same two. @param {number} a @param {number} b */
function noise(a, b) {
  return (Math.imul(a + 1, 0x9e3779b1) ^ Math.imul(b + 7, 0x85ebca6b)) >>> 15
}

/**
 * The tokens that a client requested: `/tokens?count=50000&burst=50` is 50 000 of them, 50 in each turn of the event loop.
 *
 * @template [Token=string]
 * @param {string | undefined} url
 * @param {(text: string) => Token} as The form of an event of the contestant.
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
