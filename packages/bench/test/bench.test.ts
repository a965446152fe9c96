import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onSources } from '../../../test/sources/on-sources.ts'
import { compressing, contestants, relaying, unwatched } from '../src/contestants.mjs'
import { Session } from '../src/measure/session.mjs'
import { startProcess } from '../src/measure/start-process.mjs'
import { makePlan } from '../src/plan.mjs'
import type { Results } from '../src/report/results.mjs'

const source = join(__dirname, '../src')
const withoutNchan = [
  ...contestants.filter((name) => name !== 'nchan'),
  ...compressing.slice(1),
  ...unwatched,
  ...relaying,
]
// The packages' sources, as in all tests: nothing has to be built.
process.env.NODE_OPTIONS = onSources.join(' ')

test('a tiny run counts every event of every contestant and reports all of them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  try {
    const json = join(folder, 'results.json')
    const args = ['--tiny', '--contestants', withoutNchan.join(), '--json', json]
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(source, 'main.mjs'), ...args], {
      encoding: 'utf8',
      env: process.env,
    })
    // A client that misses an event fails the run.
    if (status !== 0) throw new Error(stderr)

    const { workloads, targets }: Results = JSON.parse(readFileSync(json, 'utf8'))
    for (const planned of makePlan('tiny', { contestants: withoutNchan }).workloads) {
      const { cases = [] } = workloads.find(({ name }) => name === planned.name) ?? {}
      expect(cases.length).toBeGreaterThan(0)
      for (const { title, figures } of cases) {
        expect(stdout).toContain(title)
        expect(figures.map(({ contestant }) => contestant)).toEqual(planned.contestants)
        for (const { medians } of figures) {
          expect(Object.keys(medians)).toEqual(planned.columns.map(({ key }) => key))
          expect(Object.values(medians)).not.toContain(null)
        }
      }
    }
    expect(targets.length).toBeGreaterThan(10)
    for (const { title } of targets) expect(stdout).toContain(title)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.each([
  ['loses', '1 of 8 events are missing'],
  ['mixes up', 'did not get 4 events'],
  ['swaps', 'out of order'],
])('a server that %s events is an error, not a figure', async (fault, message) => {
  process.env.FAULT = fault
  const start = (name: string) => startProcess(join(source, `client/${name}.mjs`), { core: 'clients' })
  const clients = { load: start('load'), prober: start('prober') }
  const session = new Session('../../test/faulty-server', clients)
  session.timeout = 500
  try {
    await session.start(2)
    const run = async () => {
      await session.tick(4, 50)
      await session.verify()
    }
    await expect(run()).rejects.toThrow(message)
  } finally {
    await session.stop()
    for (const child of Object.values(clients)) child.disconnect()
  }
})
