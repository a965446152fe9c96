import fc from 'fast-check'
import { Ring, type Sized } from '../../src/log/ring.ts'

interface Item extends Sized {
  readonly name: string
}

/** Names and sizes: 'a3' is an item of three bytes. */
const item = (text: string): Item => ({ name: text, bytes: Number(text.slice(1)) })
const held = (ring: Ring<Item>) =>
  Array.from({ length: ring.length }, (_, n) => ring.at(ring.first + n)?.name).join(' ')

const pushes: [what: string, length: number, bytes: number, pushed: string, left: string, dropped: string][] =
  [
    ['holds nothing before the first push', 3, 10, '', '', ''],
    ['holds as many as it may', 3, 10, 'a1 b1 c1', 'a1 b1 c1', ''],
    ['drops the oldest for one more', 3, 10, 'a1 b1 c1 d1', 'b1 c1 d1', 'a1'],
    ['goes round more than once', 2, 10, 'a1 b1 c1 d1 e1', 'd1 e1', 'a1 b1 c1'],
    ['holds one where that is the bound', 1, 10, 'a1 b1 c1', 'c1', 'a1 b1'],
    ['holds as many bytes as it may', 9, 10, 'a5 b5', 'a5 b5', ''],
    ['drops the oldest for one byte more', 9, 10, 'a5 b5 c1', 'b5 c1', 'a5'],
    ['drops several for a large one', 9, 10, 'a1 b2 c3 d4 e8', 'e8', 'a1 b2 c3 d4'],
    ['keeps what there is room for beside a large one', 9, 10, 'a1 b2 c3 d7', 'c3 d7', 'a1 b2'],
    ['holds the newest though it alone is beyond the bound', 9, 10, 'a1 b99', 'b99', 'a1'],
    ['drops that one at the next', 9, 10, 'a1 b99 c1', 'c1', 'a1 b99'],
    ['drops by both bounds at once', 2, 10, 'a4 b4 c9', 'c9', 'a4 b4'],
    ['counts what has no bytes', 2, 10, 'a0 b0 c0', 'b0 c0', 'a0'],
  ]

test.each(pushes)('%s', (_, length, bytes, pushed, left, dropped) => {
  const ring = new Ring<Item>({ length, bytes })
  const removed: string[] = []
  const items = pushed.split(' ').filter(Boolean).map(item)
  for (const each of items) ring.push(each, ({ name }) => removed.push(name))
  expect(held(ring)).toBe(left)
  expect(removed.join(' ')).toBe(dropped)
  expect([ring.first, ring.next]).toEqual([removed.length, items.length])
})

test('returns nothing for a position that was dropped, is still to come or is invalid', () => {
  const ring = new Ring<Item>({ length: 2, bytes: 10 })
  for (const text of ['a1', 'b1', 'c1']) ring.push(item(text))
  for (const position of [-1, 0, 3, 4, 5, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(ring.at(position)).toBeUndefined()
  }
})

test('equals an array whose oldest items are removed, whatever is pushed', () => {
  const bounds = fc.record({ length: fc.integer({ min: 1, max: 8 }), bytes: fc.integer({ min: 1, max: 30 }) })
  const sizes = fc.array(fc.nat({ max: 40 }), { maxLength: 60 })
  fc.assert(
    fc.property(bounds, sizes, ({ length, bytes }, pushed) => {
      const ring = new Ring<Item>({ length, bytes })
      const model: Item[] = []
      const dropped: Item[] = []
      const total = () => model.reduce((sum, one) => sum + one.bytes, 0)
      const cut: Item[] = []
      for (const [n, size] of pushed.entries()) {
        const one = { name: `${n}`, bytes: size }
        model.push(one)
        while (model.length > length || (total() > bytes && model.length > 1)) cut.push(model.shift() as Item)
        ring.push(one, (gone) => dropped.push(gone))
        expect(dropped).toEqual(cut)
        expect([ring.first, ring.next, ring.length, ring.bytes]).toEqual([
          cut.length,
          n + 1,
          model.length,
          total(),
        ])
        for (let at = -1; at <= n + 1; at++) expect(ring.at(at)).toBe(model[at - cut.length])
      }
    }),
  )
})
