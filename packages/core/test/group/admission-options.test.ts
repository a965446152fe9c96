import { type AdmissionOptions, resolveAdmission } from '../../src/group/admission-options.ts'
import { StreamGroup } from '../../src/group/stream-group.ts'

test('nothing is refused by default', () => {
  expect(resolveAdmission({})).toBeUndefined()
  for (const refuse of ['stop', 400, 599] as const) expect(resolveAdmission({ refuse })).toBeUndefined()
})

test.each<[what: string, options: unknown, message: string]>([
  [
    'perKey without a key',
    { limits: { perKey: 1 } },
    'limits.key must be given with limits.perKey, for example key: (request) => request.ip; got undefined.',
  ],
  ['a total of 0', { limits: { total: 0 } }, 'limits.total must be an integer above 0; got 0'],
  ['a total of text', { limits: { total: '5' } }, 'limits.total must be an integer above 0'],
  ['a perKey of NaN', { limits: { perKey: Number.NaN, key: () => 'a' } }, 'limits.perKey must be'],
  ['a key that is no function', { limits: { key: 'ip' } }, 'limits.key must be a function'],
  ['a limit that there is none of', { limits: { totl: 1 } }, 'There is no option totl. The limits are'],
  ['limits of a number', { limits: 5 }, 'The limits must be an object'],
  ['refuse: 200', { refuse: 200 }, "refuse must be 'later', 'stop' or a status from 400 to 599"],
  ['refuse: 399', { refuse: 399 }, 'refuse must be'],
  ['refuse: 600', { refuse: 600 }, 'refuse must be'],
  ['refuse: 429.5', { refuse: 429.5 }, 'refuse must be'],
  ['refuse of text', { refuse: 'never' }, 'refuse must be'],
  ['an origin with a path', { origin: ['https://a.example/app'] }, 'origin must be a list of origins like'],
  ['an origin without a scheme', { origin: ['a.example'] }, 'origin must be a list of origins like'],
  ['a single origin', { origin: 'https://a.example' }, 'origin must be a list of origins or a function'],
])('refuses %s when the app is made', (_, options, message) => {
  expect(() => new StreamGroup(options as AdmissionOptions)).toThrow(
    expect.objectContaining({
      code: 'ERR_SSE_INVALID_OPTION',
      message: expect.stringContaining(message),
    }),
  )
})

test('an option that is undefined is ignored', () => {
  expect(resolveAdmission({ limits: undefined, refuse: undefined, origin: undefined })).toBeUndefined()
  expect(resolveAdmission({ limits: { total: undefined, perKey: undefined } })).toMatchObject({
    total: Number.POSITIVE_INFINITY,
    perKey: Number.POSITIVE_INFINITY,
  })
})
