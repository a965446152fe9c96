import { hub } from '../hub.ts'
import { every } from '../tempo.ts'

const names = {
  TIDE: 'Tidewater Ferries',
  BROOK: 'Brook & Daughters',
  DELTA: 'Delta Seeds',
  FJORD: 'Fjord Wool',
}
type Ticker = keyof typeof names

type Prices = Record<Ticker, number>

export interface Quote {
  /** In ms since 1970. */
  time: number
  prices: Prices
}

export type StockEvents = { prices: Quote }

const interval = 500
/** The last two minutes, the oldest first. They start before the server does, so that there is something to draw. */
const quotes: Quote[] = []

export function stocks(): { names: Record<string, string>; quotes: readonly Quote[] } {
  return { names, quotes }
}

// #region stocks
export function startStocks(): void {
  for (let ago = 240; ago > 0; ago--) quote(Date.now() - ago * interval)
  every(interval, () => {
    hub.publish('stocks', { event: 'prices', data: quote(Date.now()) })
  })
}

function quote(time: number): Quote {
  const last = quotes.at(-1)?.prices ?? { TIDE: 104, BROOK: 61, DELTA: 218, FJORD: 87 }
  const prices = { ...last }
  for (const ticker of Object.keys(names) as Ticker[]) prices[ticker] = move(last[ticker])
  quotes.push({ time, prices })
  if (quotes.length > 240) quotes.shift()
  return { time, prices }
}
// #endregion

function move(price: number): number {
  return Math.round(price * (1 + (Math.random() - 0.499) * 0.006) * 100) / 100
}
