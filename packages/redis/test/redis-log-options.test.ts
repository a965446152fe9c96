import { resolveRedisLogOptions } from '../src/redis-log-options.ts'

test('all options are optional', () => {
  expect(resolveRedisLogOptions({})).toEqual({
    key: 'downstream:log',
    maxLength: 100_000,
    maxAge: undefined,
    timeout: 5_000,
    replicas: 0,
    maxPendingBytes: 16_777_216,
  })
})

test.each([
  ['key', ''],
  ['key', 1],
  ['maxLength', 0],
  ['maxLength', 1.5],
  ['maxLength', '100'],
  ['maxAge', 0],
  ['maxAge', -1],
  ['timeout', 0],
  ['replicas', -1],
  ['replicas', '1'],
  ['maxPendingBytes', 0],
  ['timeout', Number.POSITIVE_INFINITY],
  ['timeout', 2 ** 31],
  ['maxlength', 100],
])('refuses the option %s: %p, and names it', (name, value) => {
  expect(() => resolveRedisLogOptions({ [name]: value })).toThrow(
    expect.objectContaining({ code: 'ERR_SSE_INVALID_OPTION', message: expect.stringContaining(name) }),
  )
})
