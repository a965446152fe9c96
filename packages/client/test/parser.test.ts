import { parseEventStream } from '@downstream/core'
import { createParser as createOtherParser } from 'eventsource-parser'
import fc from 'fast-check'
import { type Block, createParser } from '../src/parser.ts'

function parse(pieces: string[], id = '') {
  const blocks: Block[] = []
  const retries: number[] = []
  const push = createParser(
    id,
    // A block with neither data nor a new id is not reported.
    (block) => (block.data !== undefined || block.id !== (blocks.at(-1)?.id ?? id)) && blocks.push(block),
    (ms) => retries.push(ms),
  )
  for (const piece of pieces) push(piece)
  return { blocks, retries }
}

const message = (data: string, id = '') => ({ event: 'message', data, id })

/** The text of a stream, and what a client must receive according to the HTML standard. */
const cases: [title: string, text: string, blocks: Block[], retries?: number[]][] = [
  ['data', 'data: a\n\n', [message('a')]],
  ['only the first space after the colon is not data', 'data:  a \n\n', [message(' a ')]],
  ['no space after the colon', 'data:a\n\n', [message('a')]],
  ['a colon in the data', 'data: a: b\n\n', [message('a: b')]],
  ['several lines', 'data: a\ndata\ndata:\ndata: b\n\n', [message('a\n\n\nb')]],
  ['empty data is an event', 'data\n\n', [message('')]],
  ['two lines of empty data', 'data\ndata\n\n', [message('\n')]],
  ['a name', 'event: news\ndata: a\n\n', [{ event: 'news', data: 'a', id: '' }]],
  ['an empty name is no name', 'event: news\nevent:\ndata: a\n\n', [message('a')]],
  ['a name without data is no event, and is not kept', 'event: news\n\ndata: a\n\n', [message('a')]],
  ['an id stays', 'id: 1\ndata: a\n\ndata: b\n\n', [message('a', '1'), message('b', '1')]],
  ['an empty id resets it', 'id: 1\ndata: a\n\nid\ndata: b\n\n', [message('a', '1'), message('b', '')]],
  [
    'an id with NUL is ignored',
    'id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n',
    [message('a', '1'), message('b', '1')],
  ],
  [
    'an id alone moves the last id',
    'id: 1\n\ndata: a\n\n',
    [{ event: 'message', data: undefined, id: '1' }, message('a', '1')],
  ],
  ['a retry counts at once', 'retry: 10\n', [], [10]],
  ['a retry is digits only', 'retry: 1x\nretry: -1\nretry: 1.5\nretry:\nretry: 007\n', [], [7]],
  ['comments', ': data: a\n:\n:b\n\ndata: c\n\n', [message('c')]],
  ['unknown fields', 'Data: a\n data: b\ndata : c\nfoo\ndata: d\n\n', [message('d')]],
  ['CR', 'data: a\rdata: b\r\r', [message('a\nb')]],
  ['CRLF', 'data: a\r\ndata: b\r\n\r\n', [message('a\nb')]],
  ['all line ends mixed', 'data: a\r\ndata: b\n\rdata: c\r\n\n', [message('a\nb'), message('c')]],
  ['an unfinished event is dropped', 'data: a\n\ndata: b\n', [message('a')]],
  ['line separators that are none', 'data: a\u2028b\u0085c\u000bd\n\n', [message('a\u2028b\u0085c\u000bd')]],
]

test.each(cases)('%s', (_, text, blocks, retries = []) => {
  expect(parse([text])).toEqual({ blocks, retries })
})

test.each(cases)('%s: cut anywhere', (_, text, blocks, retries = []) => {
  for (let at = 0; at <= text.length; at++) {
    expect(parse([text.slice(0, at), text.slice(at)].filter(Boolean))).toEqual({ blocks, retries })
  }
  expect(parse([...text])).toEqual({ blocks, retries })
})

/** What the parser of the server returns for it. */
async function parseByCore(pieces: string[]): Promise<Block[]> {
  const blocks: Block[] = []
  let lastId = ''
  for await (const { event = 'message', data, id = lastId, retry } of parseEventStream(pieces)) {
    if (retry === undefined && (data !== undefined || id !== lastId)) blocks.push({ event, data, id })
    lastId = id
  }
  return blocks
}

/** What eventsource-parser returns for it: without ids, which it does not keep from one event to the next. */
function parseByOther(pieces: string[]): Pick<Block, 'event' | 'data'>[] {
  const events: Pick<Block, 'event' | 'data'>[] = []
  const parser = createOtherParser({
    onEvent: ({ event, data }) => events.push({ event: event || 'message', data }),
  })
  for (const piece of pieces) parser.feed(piece)
  // It waits for the character after a CR; the line that follows is a comment.
  parser.feed(':\n')
  return events
}

function withoutIds(blocks: Block[]) {
  return blocks.filter(({ data }) => data !== undefined).map(({ event, data }) => ({ event, data }))
}

test.each(cases)(
  '%s: agrees with the parsers of the server and of other packages, cut anywhere',
  async (_, text) => {
    const expected = parse([text]).blocks
    for (let at = 0; at <= text.length; at++) {
      const pieces = [text.slice(0, at), text.slice(at)].filter(Boolean)
      expect(await parseByCore(pieces)).toEqual(expected)
      expect(parseByOther(pieces)).toEqual(withoutIds(expected))
    }
  },
)

test('continues with the id that the client has', () => {
  expect(parse(['data: a\n\n'], '7').blocks).toEqual([message('a', '7')])
})

test('parses any text in any pieces as the other parsers do', async () => {
  const line = fc.constantFrom('data', 'data: a', 'data:b', 'id: 1', 'event: e', ':c', 'retry: 1', 'x', '')
  const end = fc.constantFrom('\n', '\r', '\r\n')
  const text = fc.array(fc.tuple(line, end), { maxLength: 20 }).map((lines) => lines.flat().join(''))
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat(40), { maxLength: 5 }), async (text, cuts) => {
      const places = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length]
      const pieces = places
        .slice(1)
        .map((place, index) => text.slice(places[index], place))
        .filter(Boolean)
      const { blocks } = parse(pieces)
      // Without data there is no event, whatever its name is.
      const named = blocks.map((block) => (block.data === undefined ? { ...block, event: 'message' } : block))
      expect(await parseByCore(pieces)).toEqual(named)
      expect(parseByOther([text])).toEqual(withoutIds(blocks))
    }),
    { numRuns: 2_000 },
  )
})

test('an event of many pieces takes no more memory than its text', () => {
  const pieces = ['data: ', ...Array.from({ length: 20_000 }, () => 'x'.repeat(1_000)), '\n\n']
  expect(parse(pieces).blocks[0]?.data).toHaveLength(20_000_000)
})
