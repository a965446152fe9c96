import { checkOptionNames, invalidOption } from '../../src/wire/invalid-option.ts'

test('refuses an unknown option and lists those that exist', () => {
  expect(() =>
    checkOptionNames({ filter: 1, fliter: 2 }, ['filter', 'key'], 'options of a subscription'),
  ).toThrow('There is no option fliter. The options of a subscription are: filter, key.')
})

test.each([
  [null, 'null'],
  ['text', '"text"'],
  [7, '7'],
])('%p is refused as options', (options, shown) => {
  expect(() => checkOptionNames(options as never, ['key'])).toThrow(
    `The options must be an object; got ${shown}.`,
  )
})

test('the error for an invalid value shows the value', () => {
  expect(invalidOption('drain', 'a number of ms, 0 or more', -1)).toMatchObject({
    code: 'ERR_SSE_INVALID_OPTION',
    message: 'Option drain must be a number of ms, 0 or more; got -1.',
  })
})
