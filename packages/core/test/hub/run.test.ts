import { HubEntry } from '../../src/hub/hub-entry.ts'
import { collect } from '../../src/hub/run.ts'

const entriesOf = (count: number, data = '') =>
  Array.from(
    { length: count },
    (_, n) => new HubEntry({ cursor: `c-${n}`, channels: ['news'], data: `${n}${data}` }),
  )

/** Collects run after run until the end; returns the ids in each. */
function collectAll(entries: HubEntry[], wants: (entry: HubEntry) => boolean = () => true): number[][] {
  const runs: number[][] = []
  for (let position = 0; position < entries.length; ) {
    const run = collect(entries, position, entries.length, (entry) => (wants(entry) ? entry.text : ''))
    expect(run.next).toBeGreaterThan(position)
    runs.push([...run.text.matchAll(/^id: c-(\d+)$/gm)].map(([, n]) => Number(n)))
    expect(run.count).toBe(runs.at(-1)?.length)
    expect(run.cursor).toBe(run.count === 0 ? '' : `c-${runs.at(-1)?.at(-1)}`)
    position = run.next
  }
  return runs
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)

test.each<[what: string, entries: HubEntry[], runs: number]>([
  ['a few entries', entriesOf(3), 1],
  ['a thousand entries', entriesOf(1_000), 1],
  ['one more than a thousand', entriesOf(1_001), 2],
  ['more than 64 KiB', entriesOf(30, 'x'.repeat(8_000)), 4],
  ['entries that are each larger than that', entriesOf(3, 'x'.repeat(100_000)), 3],
  ['nothing', [], 0],
])('runs over %s have every entry once, in order', (_, entries, runs) => {
  const collected = collectAll(entries)
  expect(collected.flat()).toEqual(upTo(entries.length))
  expect(collected).toHaveLength(runs)
})

test('a selective reader examines a thousand entries in one go', () => {
  const runs = collectAll(entriesOf(2_500), ({ data }) => Number(data) % 1_000 === 999)
  expect(runs).toEqual([[999], [1_999], []])
})
