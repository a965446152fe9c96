import uPlot from './uplot/uPlot.esm.js'

const height = 150
/** Steps of the axis: 1, 2, 5, 10, 20 … No fractions, because there is no half connection. */
const steps = Array.from({ length: 36 }, (_, i) => [1, 2, 5][i % 3] * 10 ** Math.floor(i / 3))
const clock = new Intl.DateTimeFormat('en', { timeStyle: 'medium', hourCycle: 'h23' })

/** One number over time: its line, its current value, and the peak of the shown range. */
export class Plot {
  #format
  #section
  #chart

  /** @param top - how far up the axis goes at least, so that small numbers look small */
  constructor({ title, format, top }) {
    this.#format = format
    this.#section = document.getElementById('plot').content.firstElementChild.cloneNode(true)
    this.#find('h2').textContent = title
    const box = this.#find('.canvas')
    box.ariaLabel = `${title}, over time`
    document.getElementById('plots').append(this.#section)

    // Functions, which uPlot calls at each redraw: the colours follow the light or dark mode of the page.
    const line = () => getComputedStyle(this.#find('.canvas')).color
    const quiet = () => getComputedStyle(this.#find('small')).color
    const faint = (color) => color.replace('rgb(', 'rgba(').replace(')', ', 0.15)')
    const axis = { stroke: quiet, font: '12px system-ui', ticks: { show: false } }
    const grid = { stroke: () => faint(quiet()), width: 1 }
    this.#chart = new uPlot(
      {
        width: box.clientWidth,
        height,
        legend: { show: false },
        cursor: { show: false },
        scales: { y: { range: (_, _min, max) => [0, Math.max(top, 1.1 * max)] } },
        axes: [
          { ...axis, grid: { show: false }, size: 28, space: 80, values: (_, times) => times.map(showTime) },
          { ...axis, grid, size: 64, space: 35, incrs: steps, values: (_, values) => values.map(format) },
        ],
        series: [{}, { stroke: line, fill: () => faint(line()), width: 2, points: { show: false } }],
      },
      [[], []],
      box,
    )
    new ResizeObserver(() => this.#chart.setSize({ width: box.clientWidth, height })).observe(box)
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#chart.redraw(false))
  }

  /** @param times - in seconds, as uPlot wants them */
  show(times, values) {
    this.#chart.setData([times, values])
    this.#find('.now').textContent = this.#format(values.at(-1))
    this.#find('.peak').textContent = this.#format(Math.max(...values))
  }

  #find(selector) {
    return this.#section.querySelector(selector)
  }
}

function showTime(seconds) {
  return clock.format(new Date(seconds * 1000))
}
