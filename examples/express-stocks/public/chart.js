import uPlot from './uplot/uPlot.esm.js'

const maxLength = 240
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium', hourCycle: 'h23' })
/** Lines differ in their dashes as well as in their colour. */
export const dashes = [[], [10, 5], [2, 4], [12, 4, 2, 4], [5, 3], [18, 5]]

/** A line for each symbol. It is drawn once per frame, however many events arrive. */
export class Chart {
  #times = []
  #columns = new Map()
  #plot
  #due = false

  constructor(target, symbols, colorOf) {
    for (const symbol of symbols) this.#columns.set(symbol, [])
    // Colours are functions, because they change with light and dark.
    const style = getComputedStyle(target)
    const axis = {
      font: `12px ${style.fontFamily}`,
      stroke: () => style.color,
      ticks: { show: false },
      grid: { stroke: () => style.borderTopColor, width: 1 },
    }
    const lines = symbols.map((symbol, index) => ({
      label: symbol,
      stroke: () => colorOf(symbol),
      width: 2,
      dash: dashes[index],
      points: { show: false },
      spanGaps: true,
    }))
    this.#plot = new uPlot(
      {
        ...sizeOf(target),
        legend: { show: false },
        padding: [12, 12, 0, 0],
        cursor: { drag: { x: false } },
        axes: [
          {
            ...axis,
            size: 24,
            space: 80,
            values: (_, times) => times.map((seconds) => clock.format(seconds * 1000)),
          },
          { ...axis, values: (_, changes) => changes.map((change) => `${change} %`) },
        ],
        series: [{}, ...lines],
      },
      this.#data,
      target,
    )
    new ResizeObserver(() => this.#plot.setSize(sizeOf(target))).observe(target)
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#plot.redraw())
  }

  clear() {
    for (const column of this.#data) column.length = 0
  }

  show(symbol, visible) {
    this.#plot.setSeries([...this.#columns.keys()].indexOf(symbol) + 1, { show: visible })
  }

  add(symbol, seconds, value) {
    let at = this.#times.lastIndexOf(seconds)
    if (at === -1) {
      at = this.#times.push(seconds) - 1
      for (const column of this.#columns.values()) column.push(null)
    }
    this.#columns.get(symbol)[at] = value
    if (this.#times.length > maxLength) for (const column of this.#data) column.shift()
    this.#draw()
  }

  get #data() {
    return [this.#times, ...this.#columns.values()]
  }

  #draw() {
    if (this.#due) return
    this.#due = true
    requestAnimationFrame(() => {
      this.#due = false
      this.#plot.setData(this.#data)
    })
  }
}

function sizeOf(target) {
  return { width: target.clientWidth, height: target.clientHeight }
}
