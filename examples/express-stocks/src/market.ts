export interface Price {
  symbol: string
  /** In ms since 1970. */
  time: number
  cents: number
}

const names = {
  ACME: 'Acme Anvils',
  BOLT: 'Bolt & Nut',
  CORK: 'Cork Harbour',
  DUNE: 'Dune Glass',
  ECHO: 'Echo Bells',
  FERN: 'Fern Paper',
}
const maxLength = 240

/** Random prices, and the newest of them. */
export class Market {
  readonly stocks = Object.entries(names).map(([symbol, name], index) => {
    const opened = 2_000 + 1_500 * index
    return { symbol, name, opened, cents: opened, prices: [] as [time: number, cents: number][] }
  })

  has(symbol: string): boolean {
    return Object.hasOwn(names, symbol)
  }

  /** A new price for each stock. */
  move(time: number): Price[] {
    return this.stocks.map((stock) => {
      const { symbol, prices } = stock
      // Up or down by at most 0.3 %, and slightly more often towards the first price.
      const drift = (stock.opened / stock.cents - 1) / 100
      stock.cents = Math.round(stock.cents * (1 + drift + 0.006 * (Math.random() - 0.5)))
      prices.push([time, stock.cents])
      if (prices.length > maxLength) prices.shift()
      return { symbol, time, cents: stock.cents }
    })
  }
}
