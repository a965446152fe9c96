import { contestant } from '../contestants.mjs'
import { fanOutCase } from '../workload/fan-out.mjs'
import { MANY_A_TICK } from '../workload/token-stream.mjs'
import { shown } from './shown.mjs'

const WIDTH = 860
const PADDING = 24
const GAP = 40
const LABELS = 158
const ROW = 21
const BAR = 13
const PANEL_WIDTH = (WIDTH - 2 * PADDING - GAP) / 2
const PANEL_HEAD = 46
const TITLE = 62

/**
 * Four cases as bars, shorter is better. An image cannot know the colours of the page, so it has its own background.
 *
 * @param {import('./results.mjs').Results} results
 */
export function chart({ workloads }) {
  const cases = workloads.flatMap((workload) => workload.cases)
  const panels = [
    fanOutCase(1_000, 1, 120),
    fanOutCase(1_000, 10, 120),
    fanOutCase(10_000, 1, 120),
    MANY_A_TICK,
  ].flatMap((title) => cases.find((one) => one.title === title) ?? [])
  const rows = [panels.slice(0, 2), panels.slice(2)]
  const heights = rows.map(
    (row) => PANEL_HEAD + ROW * Math.max(0, ...row.map(({ figures }) => figures.length)),
  )
  const height = TITLE + heights.reduce((sum, one) => sum + one, 0) + PADDING
  const body = rows.flatMap((row, down) =>
    row.map((one, across) => {
      const x = PADDING + across * (PANEL_WIDTH + GAP)
      const y = TITLE + heights.slice(0, down).reduce((sum, above) => sum + above, 0)
      return panel(one, x, y)
    }),
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title">
<title id="title">CPU time of the server for each event that a client gets</title>
<style>
  text { font: 12px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; fill: #1f2328 }
  .ground { fill: #ffffff; stroke: #d1d9e0 }
  .title { font-size: 16px; font-weight: 600 }
  .case { font-weight: 600 }
  .quiet { fill: #59636e }
  .theirs { fill: #afb8c1 }
  .ours { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .ground { fill: #0d1117; stroke: #3d444d }
    .quiet { fill: #9198a1 }
    .theirs { fill: #656c76 }
    .ours { fill: #4493f8 }
  }
</style>
<rect class="ground" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="6"/>
<text class="title" x="${PADDING}" y="32">CPU time of the server for each event that a client gets</text>
<text class="quiet" x="${PADDING}" y="51">µs, shorter is better</text>
${body.join('\n')}
</svg>
`
}

/** @param {import('./results.mjs').CaseResult} one @param {number} x @param {number} y */
function panel({ title, figures }, x, y) {
  const most = Math.max(...figures.map(({ medians }) => medians.cpu ?? 0))
  // The figure is to the right of the bar.
  const room = PANEL_WIDTH - LABELS - 44
  const bars = figures.map(({ contestant: name, medians: { cpu = 0 } }, at) => {
    const top = y + PANEL_HEAD - 10 + at * ROW
    const width = Math.max(1, (cpu / most) * room)
    const kind = name.startsWith('downstream') ? 'ours' : 'theirs'
    return `<text x="${x + LABELS - 8}" y="${top + BAR - 2}" text-anchor="end">${contestant(name).title}</text>
<rect class="${kind}" x="${x + LABELS}" y="${top}" width="${width.toFixed(1)}" height="${BAR}" rx="2"/>
<text class="quiet" x="${(x + LABELS + width + 6).toFixed(1)}" y="${top + BAR - 2}">${shown(cpu)}</text>`
  })
  return [`<text class="case" x="${x}" y="${y + 24}">${title}</text>`, ...bars].join('\n')
}
