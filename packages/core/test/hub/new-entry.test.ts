import { createHub } from '../../src/hub/create-hub.ts'
import type { HubOptions } from '../../src/hub/hub.ts'
import type { NewLogEntry } from '../../src/log/event-log.ts'
import { MemoryLog } from '../../src/log/memory-log.ts'

/** A hub whose log records what it was given. */
function spiedHub(options: HubOptions = {}) {
  const log = new MemoryLog()
  const appended: NewLogEntry[] = []
  const append = log.append.bind(log)
  log.append = (entry) => {
    appended.push(entry)
    return append(entry)
  }
  return { hub: createHub({ log, ...options }), appended }
}

const cycle: { self?: unknown } = {}
cycle.self = cycle

describe('refuses to publish at once, and stores nothing:', () => {
  test.each<[what: string, code: string, channel: unknown, event: unknown]>([
    ['a channel without a name', 'CHANNEL', '', { data: 1 }],
    ['a channel that is no string', 'CHANNEL', 7, { data: 1 }],
    ['no channel', 'CHANNEL', undefined, { data: 1 }],
    ['an id', 'EVENT', 'news', { data: 1, id: '1' }],
    ['a retry', 'EVENT', 'news', { data: 1, retry: 1 }],
    ['a comment', 'EVENT', 'news', { data: 1, comment: 'c' }],
    ['a field that no event has', 'EVENT', 'news', { data: 1, evnt: 'e' }],
    ['a text', 'EVENT', 'news', 'text'],
    ['nothing', 'EVENT', 'news', undefined],
    ['null', 'EVENT', 'news', null],
    ['a number', 'EVENT', 'news', 7],
    ['an array', 'EVENT', 'news', [1]],
    ['no data', 'EVENT', 'news', { event: 'e' }],
    ['data undefined', 'EVENT', 'news', { event: 'e', data: undefined }],
    ['an empty object', 'EVENT', 'news', {}],
    ['the reserved name gap', 'EVENT_NAME', 'news', { event: 'gap', data: 1 }],
    ['the reserved name snapshot', 'EVENT_NAME', 'news', { event: 'snapshot', data: 1 }],
    ['the reserved name bookmark', 'EVENT_NAME', 'news', { event: 'bookmark', data: 1 }],
    ['a name with a line end', 'EVENT_NAME', 'news', { event: 'a\ndata: b', data: 1 }],
    ['a name that is no string', 'EVENT_NAME', 'news', { event: 7, data: 1 }],
    ['a BigInt', 'DATA', 'news', { data: 1n }],
    ['a cycle', 'DATA', 'news', { data: cycle }],
    ['a function', 'DATA', 'news', { data: () => {} }],
  ])('%s', (_, code, channel, event) => {
    const { hub, appended } = spiedHub()
    expect(() => hub.publish(channel as 'news', event as { data: unknown })).toThrow(
      expect.objectContaining({ name: 'SseError', code: `ERR_SSE_INVALID_${code}` }),
    )
    expect(appended).toEqual([])
  })

  test.each<[what: string, serialize: unknown]>([
    ['that returns no text', () => 7],
    ['that returns nothing', () => undefined],
    [
      'that throws',
      () => {
        throw new Error('serialize failed')
      },
    ],
  ])('serialize() %s', (_, serialize) => {
    const { hub, appended } = spiedHub({ serialize: serialize as () => string })
    expect(() => hub.publish('news', { data: {} })).toThrow(
      expect.objectContaining({ code: 'ERR_SSE_INVALID_DATA' }),
    )
    expect(appended).toEqual([])
  })
})

describe('publishing stores', () => {
  test.each<[what: string, event: { event?: string; data: unknown }, entry: Omit<NewLogEntry, 'channels'>]>([
    ['text as it is', { data: 'text\r\nmore' }, { event: undefined, data: 'text\r\nmore' }],
    ['empty text', { event: 'e', data: '' }, { event: 'e', data: '' }],
    [
      'everything else as JSON',
      { event: 'e', data: { n: [1, null] } },
      { event: 'e', data: '{"n":[1,null]}' },
    ],
    ['null as JSON', { data: null }, { event: undefined, data: 'null' }],
    ['an empty name as none', { event: '', data: 1 }, { event: undefined, data: '1' }],
  ])('%s', async (_, event, entry) => {
    const { hub, appended } = spiedHub()
    await hub.publish('news', event)
    expect(appended).toEqual([{ channels: ['news'], ...entry }])
  })

  test('what serialize() returns for data that is not text', async () => {
    const { hub, appended } = spiedHub({ serialize: (data) => `<${data}>` })
    await hub.publish('news', { data: 7 })
    await hub.publish('news', { data: 'text' })
    expect(appended.map(({ data }) => data)).toEqual(['<7>', 'text'])
  })

  test('events named gap and bookmark when the hub’s own events have other names', async () => {
    const { hub, appended } = spiedHub({ controlEvents: { gap: 'lost', bookmark: 'here' } })
    await hub.publish('news', { event: 'gap', data: 1 })
    await hub.publish('news', { event: 'bookmark', data: 1 })
    expect(appended).toHaveLength(2)
    for (const event of ['lost', 'here']) {
      expect(() => hub.publish('news', { event, data: 1 })).toThrow(
        expect.objectContaining({ code: 'ERR_SSE_INVALID_EVENT_NAME' }),
      )
    }
  })
})
