import { readLastEventId } from '../../src/wire/last-event-id.ts'

/** How Node represents the UTF-8 bytes of a header. */
const utf8Header = (text: string) => Buffer.from(text).toString('latin1')

const headers: [what: string, header: string | string[] | undefined, id: string][] = [
  ['is absent', undefined, ''],
  ['is empty', '', ''],
  ['is ASCII', 'epoch-42', 'epoch-42'],
  ['is UTF-8, as browsers send it', utf8Header('…é😀'), '…é😀'],
  ['begins with a byte order mark', utf8Header('\ufeff1'), '\ufeff1'],
  ['is latin1, as some clients of Node send it', '\xe9', '\xe9'],
  ['is UTF-8 cut inside a character', utf8Header('a😀').slice(0, -1), utf8Header('a😀').slice(0, -1)],
  ['is an overlong form of a slash', '\xc0\xaf', '\xc0\xaf'],
  ['is an encoded surrogate', '\xed\xa0\x80', '\xed\xa0\x80'],
  ['came twice and was joined by Node', 'a, a', 'a, a'],
  ['came twice as a list', ['a', 'b'], 'a, b'],
]

test.each(headers)('a header that %s', (_, header, id) => {
  expect(readLastEventId(header)).toBe(id)
})

const urls: [what: string, header: string | undefined, url: string | undefined, id: string][] = [
  ['the parameter', undefined, '/news?lastEventId=7', '7'],
  ['the parameter among others, percent-encoded', undefined, '/news?a=1&lastEventId=%C3%A9%20+x&b=2', 'é  x'],
  ['the first of two', undefined, '/news?lastEventId=1&lastEventId=2', '1'],
  ['the parameter when the header is empty', '', '/news?lastEventId=7', '7'],
  ['the header when there are both', '8', '/news?lastEventId=7', '8'],
  ['nothing in a parameter of another name', undefined, '/news?lasteventid=7', ''],
  ['nothing in a parameter without a value', undefined, '/news?lastEventId', ''],
  ['nothing in a URL without a query', undefined, '/lastEventId=7', ''],
  ['nothing in an empty query', undefined, '/?', ''],
  ['the parameter of a broken percent-encoding, as it is', undefined, '/?lastEventId=%E0%A4%A', '\ufffd%A'],
  ['the parameter of an absolute URL', undefined, 'http://user@[::1]:1/?lastEventId=7', '7'],
  ['the parameter of a URL that is none', undefined, '//\\?lastEventId=7', '7'],
  ['nothing without a URL', undefined, undefined, ''],
]

test.each(urls)('with a header and a query parameter it reads %s', (_, header, url, id) => {
  expect(readLastEventId(header, url, 'lastEventId')).toBe(id)
})

test('the parameter is lastEventId, as polyfills send it, unless another name or none was given', () => {
  expect(readLastEventId(undefined, '/?lastEventId=7&from=8')).toBe('7')
  expect(readLastEventId(undefined, '/?lastEventId=7&from=8', 'from')).toBe('8')
  expect(readLastEventId(undefined, '/?lastEventId=7&false=8', false)).toBe('')
})
