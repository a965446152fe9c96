// What is sent to every client, and what the standard says that it receives.
import type { ServerSentEvent } from '@downstream/core'

/** The `MessageEvent` of a client, as far as it depends on the stream. */
export interface ReceivedEvent {
  type: string
  data: string
  lastEventId: string
}

interface Case {
  title: string
  sent: ServerSentEvent
  received: ReceivedEvent
}

// Each event has an id, because clients differ in what an event without one inherits.
const rows: [title: string, sent: ServerSentEvent, data: string][] = [
  ['data that begins with U+FEFF, in the first event', { data: '\uFEFFfirst' }, '\uFEFFfirst'],
  ['one line', { data: 'hello' }, 'hello'],
  ['a name', { event: 'news', data: 'hello' }, 'hello'],
  ['a name with blanks, colons and UTF-8', { event: 'Wetter: schön ☀️', data: '21 °C' }, '21 °C'],
  ['several lines', { data: 'a\nb\n\nc' }, 'a\nb\n\nc'],
  ['lines that end in CR and CRLF', { data: 'a\rb\r\nc' }, 'a\nb\nc'],
  ['empty lines at the end', { data: 'a\n\n' }, 'a\n\n'],
  ['empty lines at the beginning', { data: '\n\na' }, '\n\na'],
  ['empty data', { data: '' }, ''],
  ['a leading blank', { data: ' a' }, ' a'],
  ['leading blanks in several lines', { data: ' a\n  b' }, ' a\n  b'],
  ['a leading tab and a trailing blank', { data: '\ta ' }, '\ta '],
  ['a line that begins with U+FEFF', { data: 'a\n\uFEFFb' }, 'a\n\uFEFFb'],
  ['UTF-8', { data: 'Grüße, 世界, a\u2028b, 👩‍👩‍👧 \u{10FFFF}' }, 'Grüße, 世界, a\u2028b, 👩‍👩‍👧 \u{10FFFF}'],
  ['more than a network packet of UTF-8', { data: `x${'😀'.repeat(50_000)}` }, `x${'😀'.repeat(50_000)}`],
  ['NUL', { data: 'a\0b' }, 'a\0b'],
  ['text that looks like fields', { data: 'id: 666\n: b\n\nevent: c' }, 'id: 666\n: b\n\nevent: c'],
  [
    'JSON',
    { event: 'news', data: { text: 'a\nb 😀', list: [1, null] } },
    '{"text":"a\\nb 😀","list":[1,null]}',
  ],
  ['JSON 0', { data: 0 }, '0'],
  ['JSON null', { data: null }, 'null'],
  ['a comment in front', { comment: 'b\nc', data: 'a' }, 'a'],
  ['a retry beside it', { retry: 1_000, data: 'a' }, 'a'],
]

export const cases: Case[] = rows.map(([title, sent, data], index) => {
  const id = String(index)
  return { title, sent: { ...sent, id }, received: { type: sent.event ?? 'message', data, lastEventId: id } }
})

/** The names to listen for. */
export const eventTypes: string[] = [...new Set(cases.map(({ received }) => received.type))]

/** Valid ids that something between server and client could change. */
export const trickyIds: string[] = [
  '0',
  'a b',
  '!"#$%&\'()*+,-./:;<=>?@[]^_{|}~`\\',
  '0123456789abcdef'.repeat(16),
]
