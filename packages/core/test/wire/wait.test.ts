import { readWait } from '../../src/wire/wait.ts'

const headers: [header: string | string[] | undefined, seconds: number | undefined][] = [
  [undefined, undefined],
  ['', undefined],
  ['wait=20', 20],
  ['wait=0', 0],
  ['Wait = 20', 20],
  ['wait="20"', 20],
  ['wait=60', 60],
  ['wait=61', 60],
  ['wait=999999999', 60],
  ['wait=9999999999', undefined],
  ['wait', undefined],
  ['wait=', undefined],
  ['wait=-1', undefined],
  ['wait=1.5', undefined],
  ['wait=20s', undefined],
  ['wait=5, wait=20', 5],
  ['respond-async, wait=20', 20],
  ['return=minimal; foo="a, wait=5", wait=20', 20],
  ['foo="wait=5", wait=20', 20],
  ['foo; wait=5', undefined],
  ['await=5', undefined],
  ['wait=20; foo=bar', 20],
  [['respond-async', 'wait=20'], 20],
]

test.each(headers)('Prefer: %p requests %p', (header, seconds) => {
  expect(readWait(header)).toBe(seconds)
})

const urls: [url: string, parameter: string | false, seconds: number | undefined][] = [
  ['/news?wait=20', 'wait', 20],
  ['/news?a=1&hold=7', 'hold', 7],
  ['/news?wait=100', 'wait', 60],
  ['/news?wait=', 'wait', undefined],
  ['/news?wait=soon', 'wait', undefined],
  ['/news', 'wait', undefined],
  ['/news?wait=20', false, undefined],
  ['/news?false=20', false, undefined],
]

test.each(urls)('%s with the parameter %p requests %p', (url, parameter, seconds) => {
  expect(readWait(undefined, url, parameter)).toBe(seconds)
})

test('the header takes precedence over the parameter', () => {
  expect(readWait('wait=5', '/news?wait=20', 'wait')).toBe(5)
  expect(readWait('respond-async', '/news?wait=20', 'wait')).toBe(20)
})

test('a header designed to be slow is parsed at once', () => {
  const started = process.cpuUsage().user
  expect(readWait(`${'a="'.repeat(5_000)}${',;'.repeat(3_000)}`)).toBe(undefined)
  expect(process.cpuUsage(undefined).user - started).toBeLessThan(2_000_000)
})
