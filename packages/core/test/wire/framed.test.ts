import { looksFramed } from '../../src/wire/framed.ts'

test.each([
  ['data: a\n\n'],
  ['data:a\r\n'],
  ['event: e\ndata: a\n\n'],
  ['id: 1\n'],
  ['retry: 5\n\n'],
  [':\n\n'],
  [': comment\r\r'],
])('%j is framed', (text) => {
  expect(looksFramed(text)).toBe(true)
})

test.each([
  ['data:image/png;base64,AAAA'],
  [':'],
  [': a colon, and more'],
  ['data: a line that is cut'],
  ['a\ndata: b\n'],
  ['database: x\n'],
  [''],
  ['\n'],
])('%j is not', (text) => {
  expect(looksFramed(text)).toBe(false)
})
