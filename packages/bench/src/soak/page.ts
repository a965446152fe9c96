import { cpus, totalmem } from 'node:os'
import type { AppState, ClientsReport } from './messages.ts'

/** A process at one moment. */
export interface Sample {
  readonly app: string
  /** In s since the start. */
  readonly at: number
  readonly state: AppState
}

/** The growth of a value, from a straight line through its samples. */
export interface Growth {
  readonly app: string
  readonly what: string
  readonly from: number
  readonly to: number
  readonly flat: boolean
}

/** Tolerance for values that may jump by chance: a tenth plus this is not growth. */
const SLACK = { 'heap, MB': 15, 'open resources': 100 } as const

/** The growth of heap and open resources of each process over `samples`. */
export function growths(samples: readonly Sample[]): Growth[] {
  const apps = [...new Set(samples.map(({ app }) => app))]
  return apps.flatMap((app) => {
    const own = samples.filter((sample) => sample.app === app)
    const measures: [keyof typeof SLACK, (state: AppState) => number][] = [
      ['heap, MB', ({ heap }) => heap / 1_048_576],
      // Each stream has a socket, and the clients determine their number.
      ['open resources', ({ resources, streams }) => sum(resources) - streams.open],
    ]
    return measures.map(([what, measure]) => {
      const [from, to] = line(own.map(({ at, state }) => [at, measure(state)]))
      return { app, what, from, to, flat: to - from <= SLACK[what] + from / 10 }
    })
  })
}

/** The ends of the straight line through the points. */
function line(points: readonly (readonly [x: number, y: number])[]): [from: number, to: number] {
  const count = points.length
  if (count < 2) return [0, 0]
  const meanX = points.reduce((total, [x]) => total + x, 0) / count
  const meanY = points.reduce((total, [, y]) => total + y, 0) / count
  const spread = points.reduce((total, [x]) => total + (x - meanX) ** 2, 0)
  const slope = points.reduce((total, [x, y]) => total + (x - meanX) * (y - meanY), 0) / spread
  const at = (x: number) => meanY + slope * (x - meanX)
  return [at(points[0]?.[0] as number), at(points.at(-1)?.[0] as number)]
}

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0)
}

/** The results of one run of the soak. */
export interface Findings {
  readonly minutes: number
  readonly clients: number
  readonly report: ClientsReport
  readonly troubles: readonly string[]
  readonly growths: readonly Growth[]
  readonly last: readonly Sample[]
  /** The resources that were still open after all clients had disconnected. */
  readonly left: readonly string[]
}

/** Whether there was no failure. */
export function hasPassed({ report, growths, left }: Findings): boolean {
  const { lost, twice, silent } = report.verdict ?? { lost: 1, twice: 1, silent: 1 }
  return lost + twice + silent + left.length === 0 && growths.every(({ flat }) => flat) && report.events > 0
}

/** The results on one page. */
export function pageOf(findings: Findings): string {
  const { minutes, clients, report, troubles, growths, last, left } = findings
  const { lost, twice, silent } = report.verdict ?? {}
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`
  const round = (value: number) => Math.round(value).toLocaleString('en')
  return [
    `${clients.toLocaleString('en')} clients for ${minutes} min, Node ${process.versions.node}, ${cpus().length} cores of ${cpus()[0]?.model ?? '?'}, ${memory}.`,
    '',
    '| lost | twice | silent | events received | gaps sent | runs followed |',
    '|---|---|---|---|---|---|',
    `| **${lost}** | **${twice}** | **${silent}** | ${round(report.events)} | ${round(report.gaps)} | ${round(report.runs)} |`,
    '',
    `Connections: ${Object.entries(report.connections)
      .map(([way, count]) => `${round(count)} ${way}`)
      .join(', ')}.`,
    '',
    `What happened during the run: ${troubles.join(', ')}.`,
    '',
    '| process | second half: from | to | |',
    '|---|---|---|---|',
    ...growths.map(
      ({ app, what, from, to, flat }) =>
        `| ${app}: ${what} | ${round(from)} | ${round(to)} | ${flat ? 'flat' : '**grows**'} |`,
    ),
    '',
    '| process | streams opened | events sent | published | gaps | rejected by its log |',
    '|---|---|---|---|---|---|',
    ...last.map(({ app, state: { streams, hub } }) => {
      const { published, gaps } = hub
      const rejected = (hub as { rejected?: number }).rejected ?? '-'
      return `| ${app} | ${round(streams.opened)} | ${round(streams.events)} | ${round(published)} | ${round(gaps)} | ${rejected} |`
    }),
    '',
    left.length === 0
      ? 'After all clients had disconnected, nothing was open.'
      : `Left open: ${left.join('; ')}`,
    ...(report.notes ?? []).map((note) => `- ${note}`),
  ].join('\n')
}
