import { connect } from './client.js'
import { Plot } from './plot.js'
import { showState } from './show-state.js'

const maxSamples = 120
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

const element = (id) => document.getElementById(id)
const unit = (name) => (number) => `${whole.format(number)} ${name}`

const plots = {
  requestsPerSecond: new Plot({ title: 'Requests per second', format: whole.format, top: 10 }),
  loopDelay: new Plot({ title: 'Event-loop delay', format: unit('ms'), top: 20 }),
  cpu: new Plot({ title: 'CPU', format: unit('%'), top: 100 }),
  memoryBytes: new Plot({ title: 'Memory', format: (bytes) => unit('MB')(bytes / 1e6), top: 50e6 }),
  connections: new Plot({ title: 'Connections', format: whole.format, top: 5 }),
  streams: new Plot({ title: 'Event streams', format: whole.format, top: 5 }),
}

let source
let retryTimer
let samples = []
let drawing = false

function open(after) {
  source = connect('events', { after })
  source.on('sample', (sample) => {
    samples.push(sample)
    samples.splice(0, samples.length - maxSamples)
    draw()
  })
  // The server was restarted, or the page was offline for hours: there is a hole after the samples that are shown. Start again.
  source.on('gap', ({ delay }) => {
    source.close()
    samples = []
    retryTimer = setTimeout(open, delay)
  })
  source.onState((state) => {
    if (state === 'open') showState('open')
    if (state === 'waiting') showState('reconnecting')
  })
}

/** A new page gets two minutes of samples at once: they are drawn once. */
function draw() {
  if (drawing) return
  drawing = true
  requestAnimationFrame(() => {
    drawing = false
    if (samples.length === 0) return
    const times = samples.map(({ time }) => time / 1000)
    for (const [name, plot] of Object.entries(plots)) {
      plot.show(
        times,
        samples.map((sample) => sample[name]),
      )
    }
    element('uptime').textContent = formatDuration(samples.at(-1).uptime)
    element('samples').textContent = samples.length
  })
}

function formatDuration(seconds) {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  if (hours > 0) return `${hours} h ${minutes} min`
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`
}

element('pause').onclick = () => {
  const paused = document.body.dataset.state === 'paused'
  element('pause').textContent = paused ? 'Pause' : 'Continue'
  clearTimeout(retryTimer)
  source.close()
  showState(paused ? 'connecting' : 'paused')
  // Continue after the last id, so that the samples of the pause come first.
  if (paused) open(source.lastEventId)
}
element('requests').onclick = () => {
  for (let i = 0; i < 300; i++) fetch('ping').catch(() => {})
}
element('block').onclick = () => fetch('block', { method: 'POST' }).catch(() => {})

open()
