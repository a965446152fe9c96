import { LineChart } from '../chart.js'
import { element, fromTemplate } from '../element.js'

const maxQuotes = 240
const chart = new LineChart(element('stock-chart'), { axes: true, onPoint })

let names = {}
let quotes = []
let chosen = 'TIDE'

export const channel = 'stocks'

export const events = {
  prices(prices) {
    quotes.push(prices)
    if (quotes.length > maxQuotes) quotes.shift()
    show()
  },
}

export function load(stocks) {
  names = stocks.names
  quotes = stocks.quotes
  element('tickers').replaceChildren(...Object.keys(names).map(newTicker))
  show()
}

function newTicker(ticker) {
  const item = fromTemplate('ticker', { ticker, name: names[ticker] })
  item.dataset.ticker = ticker
  const radio = item.querySelector('input')
  radio.checked = ticker === chosen
  radio.onchange = () => {
    chosen = ticker
    show()
  }
  return item
}

function show() {
  for (const item of element('tickers').children) showPrice(item, item.dataset.ticker)
  const prices = quotes.map((quote) => quote.prices[chosen])
  chart.draw(
    quotes.map(({ time }) => time / 1000),
    prices,
  )
  element('stock-name').textContent = names[chosen]
  const [now, low, high] = [prices.at(-1), Math.min(...prices), Math.max(...prices)].map(priceText)
  chart.describe(`${names[chosen]}, the last two minutes: between ${low} and ${high}, now ${now}`)
}

function showPrice(item, ticker) {
  const change = (quotes.at(-1).prices[ticker] / quotes[0].prices[ticker] - 1) * 100
  item.querySelector('.price').textContent = priceText(quotes.at(-1).prices[ticker])
  item.querySelector('.change').textContent = `${change < 0 ? '▼' : '▲'} ${Math.abs(change).toFixed(2)} %`
  item.classList.toggle('falls', change < 0)
}

function onPoint(time, price) {
  element('stock-point').textContent = time === undefined ? '' : `${time}  ${priceText(price)}`
}

function priceText(price) {
  return price.toFixed(2)
}
