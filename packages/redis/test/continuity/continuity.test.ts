import { type Break, Continuity, type Evidence } from '../../src/continuity/continuity.ts'
import { Recent } from '../../src/continuity/recent.ts'
import type { Mark, Row } from '../../src/stream/row.ts'

let ids = 0
const entryOf = ({ id }: Row) => ({ cursor: id, channels: ['c'], data: '' })
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

describe('the position is missing:', () => {
  const rowOf = (id: string, mark?: Mark): Row => ({ id, nonce: `n${id}`.padEnd(8, '-'), mark })
  const genesis = (at: number, server: string): Mark => ({ kind: 'genesis', at, lost: 0, server })
  const confirmed = { session: 1, server: 'one', sent: 0, at: 0 }
  const evidence = { lost: 500, missing: [], trims: false, server: 'one' }

  test.each<[what: string, found: Partial<Evidence> & Pick<Evidence, 'oldest'>, why: Break]>([
    ['nothing is stored', { oldest: undefined }, 'emptied'],
    ['all is newer, on the same server', { oldest: rowOf('6-0') }, 'emptied'],
    [
      'all is newer, on another server, whose ids prove nothing',
      { oldest: rowOf('6-0'), server: 'two' },
      'fork',
    ],
    ['all is newer, on a server that is not known', { oldest: rowOf('6-0'), server: '' }, 'fork'],
    [
      'all is newer, and the history is full',
      { oldest: rowOf('6-0'), server: 'two', trims: true },
      'trimmed',
    ],
    ['something older is stored', { oldest: rowOf('4-0'), trims: true }, 'fork'],
    ['an entry that was read before is stored', { oldest: rowOf('5-1'), trims: true }, 'fork'],
    [
      'something is older than a confirmed entry that is missing',
      { oldest: rowOf('6-0'), missing: [{ ...confirmed, position: rowOf('7-0') }] },
      'fork',
    ],
    ['it was empty after the loss', { oldest: rowOf('1-0', genesis(500, 'one')) }, 'emptied'],
    ['it was empty before the loss', { oldest: rowOf('1-0', genesis(499, 'one')) }, 'fork'],
    ['it was empty by the clock of another server', { oldest: rowOf('1-0', genesis(900, 'two')) }, 'fork'],
  ])('%s', (_, found, why) => {
    const continuity = new Continuity(new Recent(10))
    const head = rowOf('5-0')
    continuity.start({ rows: [rowOf('5-1')].map((row) => ({ ...row, entry: entryOf(row) })), head }, 'one')
    expect(continuity.judge({ ...evidence, ...found })).toBe(why)
  })
})

// Each process finds out by itself that the stream was emptied, and sends a gap. A mark would cause a second one.
test.each([
  ['before it was noticed', 'is not looked for', 'one', 90, 0],
  ['after that', 'is looked for', 'one', 110, 1],
  ['by another server', 'is looked for', 'two', 90, 1],
])(
  'an entry that was confirmed to a stream that is then empty, %s, %s',
  (_, _what, server, sent, overdue) => {
    const continuity = new Continuity(new Recent(10))
    const row = { id: '1-0', nonce: 'head----' }
    continuity.start({ rows: [], head: row }, 'one')
    const confirm = (nonce: string) =>
      continuity.confirm({ position: { id: '2-0', nonce }, session: 1, server, sent, at: sent + 1 })
    confirm('before--')
    continuity.moveTo({ head: row, at: 1_000, server: 'one', asked: 100 }, 'emptied', 80)
    confirm('after---')
    const { lost, doubtful } = continuity.overdue(Number.POSITIVE_INFINITY)
    expect([...lost, ...doubtful]).toHaveLength(2 * overdue)
  },
)
