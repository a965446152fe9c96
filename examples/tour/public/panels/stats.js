import { LineChart } from '../chart.js'
import { element } from '../element.js'

const kept = 90
const plots = [
  { name: 'connections', value: ({ connections }) => sum(connections), text: (value) => String(value) },
  { name: 'requests', value: ({ requests }) => requests, text: (value) => String(value) },
  { name: 'delay', value: ({ loopDelay }) => loopDelay, text: (value) => `${value.toFixed(1)} ms` },
  {
    name: 'memory',
    value: ({ memoryBytes }) => memoryBytes / 1e6,
    text: (value) => `${Math.round(value)} MB`,
  },
]
const charts = plots.map(
  ({ name }) => new LineChart(element(`stats-${name}-chart`), { fromZero: name !== 'memory' }),
)

let all = []

export const channel = 'stats'

export const events = {
  stats(stats) {
    all.push(stats)
    if (all.length > kept) all.shift()
    show()
  },
}

export function load(stats) {
  all = stats
  if (all.length > 0) show()
}

function show() {
  const times = all.map(({ time }) => time / 1000)
  for (const [index, { name, value, text }] of plots.entries()) {
    const values = all.map(value)
    const [now, low, high] = [values.at(-1), Math.min(...values), Math.max(...values)].map(text)
    element(`stats-${name}`).textContent = now
    charts[index].draw(times, values)
    charts[index].describe(`The last ${all.length} s: between ${low} and ${high}, now ${now}`)
  }
  const { uptimeSeconds, streams, delivered, connections } = all.at(-1)
  element('stats-uptime').textContent = durationText(uptimeSeconds)
  element('stats-streams').textContent = streams
  element('stats-delivered').textContent = delivered.toLocaleString('en')
  element('stats-servers').textContent = Object.entries(connections)
    .map(([framework, count]) => `${framework} ${count}`)
    .join(', ')
}

function sum(counts) {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}

function durationText(seconds) {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  if (hours > 0) return `${hours} h ${minutes} min`
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`
}
