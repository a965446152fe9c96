import { element } from './element.js'

/** How long an event is visible, in ms. */
const length = 16_000
const row = 24
/** The time between two frames, in ms. Events move by a pixel or two; more frames would only waste power. */
const pace = 50

const canvas = element('river')
const calm = matchMedia('(prefers-reduced-motion: reduce)')
const lanes = [...element('lanes').children]
const counts = new Map()
let drops = []
let waiting = false
let seen = true

/** Shows an event of the channel floating by. */
export function flow(channel) {
  const lane = lanes.findIndex((item) => item.dataset.channel === channel)
  const count = (counts.get(channel) ?? 0) + 1
  counts.set(channel, count)
  lanes[lane].querySelector('.count').textContent = count
  drops.push({ lane, time: performance.now() })
  schedule()
}

function schedule() {
  if (waiting || !seen || drops.length === 0) return
  waiting = true
  setTimeout(() => requestAnimationFrame(draw), pace)
}

function draw(now) {
  waiting = false
  drops = drops.filter(({ time }) => now - time < length)
  const { clientWidth: width, clientHeight: height } = canvas
  const scale = devicePixelRatio
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale)
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale)
  const context = canvas.getContext('2d')
  context.setTransform(scale, 0, 0, scale, 0, 0)
  context.clearRect(0, 0, width, height)
  context.fillStyle = getComputedStyle(canvas).color
  for (const { lane, time } of drops) {
    const age = (now - time) / length
    // Events that arrive together stay visible as several.
    context.globalAlpha = (1 - age) * 0.9
    context.beginPath()
    context.arc(4 + age * (width - 8), (lane + 0.5) * row, 3 + 2 * Math.max(0, 1 - age * 20), 0, 7)
    context.fill()
  }
  if (!calm.matches) schedule()
}

new IntersectionObserver(([entry]) => {
  seen = entry.isIntersecting
  schedule()
}).observe(canvas)
