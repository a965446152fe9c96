import { checkOptionNames } from '../src/errors.ts'

test('refuses an unknown option and lists those that exist', () => {
  expect(() =>
    checkOptionNames({ filter: 1, fliter: 2 }, ['filter', 'key'], 'options of a subscription'),
  ).toThrow('There is no option fliter. The options of a subscription are: filter, key.')
})

test.each([[null], ['text'], [7]])('%p is refused as options', (options) => {
  expect(() => checkOptionNames(options as never, ['key'])).toThrow('The options must be an object.')
})
