import uPlot from './vendor/uplot/uPlot.esm.js'

const grid = { stroke: () => colors.line, width: 1 }
const axis = {
  stroke: () => colors.quiet,
  font: '11px "Inter Variable", system-ui, sans-serif',
  grid,
  ticks: { show: false },
}
const clock = new Intl.DateTimeFormat('en', { timeStyle: 'medium', hourCycle: 'h23' })
const dark = matchMedia('(prefers-color-scheme: dark)')
const charts = new Set()
let colors = readColors()

/**
 * A line over time that fills its element and has its text colour.
 * `draw(times, values)` takes times in s. With `axes` it has numbers at its sides and calls `onPoint` with the point under the pointer.
 */
export class LineChart {
  #element
  #plot
  #next

  constructor(element, { axes = false, fromZero = false, onPoint = () => {} } = {}) {
    this.#element = element
    const stroke = () => getComputedStyle(element).color
    const range = (_plot, low, high) => (fromZero ? [0, Math.max(high * 1.15, 1)] : around(low, high))
    this.#plot = new uPlot(
      {
        ...size(element),
        padding: axes ? [8, 24, 0, 0] : [4, 0, 4, 0],
        legend: { show: false },
        cursor: { show: axes, y: false, drag: { x: false, y: false }, points: { size: 8 } },
        scales: { y: { range } },
        axes: [
          { ...axis, show: axes, space: 90, size: 28, values: (_plot, times) => times.map(timeText) },
          { ...axis, show: axes, space: 36, size: 44 },
        ],
        series: [
          {},
          { stroke, fill: (plot) => fade(plot, stroke()), width: axes ? 2 : 1.5, points: { show: false } },
        ],
        hooks: {
          setCursor: [
            ({ cursor: { idx }, data: [times, values] }) =>
              onPoint(times[idx] && timeText(times[idx]), values[idx]),
          ],
        },
      },
      [[], []],
      element,
    )
    new ResizeObserver(() => this.#plot.setSize(size(element))).observe(element)
    charts.add(this)
  }

  /** Many events may arrive at once; it is drawn once. */
  draw(times, values) {
    if (!this.#next) requestAnimationFrame(() => this.#drawNext())
    this.#next = [times, values]
  }

  redraw() {
    this.#plot.redraw(false)
  }

  /** The text for users who cannot see the chart. */
  describe(text) {
    this.#element.ariaLabel = text
  }

  #drawNext() {
    this.#plot.setData(this.#next)
    this.#next = undefined
  }
}

function size(element) {
  return { width: element.clientWidth, height: element.clientHeight }
}

function around(low, high) {
  const margin = Math.max((high - low) * 0.12, high * 0.005)
  return [low - margin, high + margin]
}

function fade({ ctx, bbox: { top, height } }, color) {
  const gradient = ctx.createLinearGradient(0, top, 0, top + height)
  gradient.addColorStop(0, color.replace(/^rgb\((.*)\)$/, 'rgba($1, 0.22)'))
  gradient.addColorStop(1, color.replace(/^rgb\((.*)\)$/, 'rgba($1, 0)'))
  return gradient
}

function timeText(time) {
  return clock.format(new Date(time * 1000))
}

/** Canvas supports neither custom properties nor light-dark(). */
function readColors() {
  const probe = document.body.appendChild(document.createElement('span'))
  const read = (name) => {
    probe.style.color = `var(${name})`
    return getComputedStyle(probe).color
  }
  const found = { line: read('--line'), quiet: read('--quiet') }
  probe.remove()
  return found
}

dark.onchange = () => {
  colors = readColors()
  for (const chart of charts) chart.redraw()
}
