import { Continuity } from '../../src/continuity/continuity.ts'
import { Recent } from '../../src/continuity/recent.ts'
import type { Mark, Row } from '../../src/stream/row.ts'

let ids = 0
/** The mark of a process that has noticed a loss of what was delivered up to `lost`. */
function markOf(mark: Pick<Mark, 'at' | 'lost' | 'server'>): Row {
  ids++
  return { id: `${ids}-0`, nonce: `mark${ids}`.padEnd(8, '-'), mark: { kind: 'fork', ...mark } }
}

// Ten processes notice one failover, and each adds a mark: that is one gap for a client, not ten.
describe.each<[how: string, begin: (continuity: Continuity, mark: Row) => unknown]>([
  ['reads it', (continuity, mark) => continuity.pass([mark], 'one')],
  ['starts after it', (continuity, mark) => continuity.start({ rows: [], head: mark, mark }, 'one')],
  [
    'starts at entries after it',
    (continuity, mark) => {
      const head = { id: `${ids}-1`, nonce: 'entry---' }
      return continuity.start({ rows: [head], head, mark }, 'one')
    },
  ],
])('a follower that has a mark and %s', (_, begin) => {
  test.each<[what: string, mark: Pick<Mark, 'at' | 'lost' | 'server'>, gaps: number]>([
    ['reports no other one for what was lost until then', { at: 1_010, lost: 1_000, server: 'one' }, 0],
    ['reports a later loss', { at: 1_010, lost: 1_001, server: 'one' }, 1],
    ['reports one by the clock of another server', { at: 1_010, lost: 900, server: 'two' }, 1],
  ])('%s', (_what, other, gaps) => {
    const continuity = new Continuity(new Recent(10))
    begin(continuity, markOf({ at: 1_000, lost: 990, server: 'one' }))
    expect(continuity.pass([markOf(other)], 'one').filter((step) => 'reset' in step)).toHaveLength(gaps)
  })
})
