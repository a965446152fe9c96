import { createHub } from '../../src/hub/create-hub.ts'
import type { HubOptions } from '../../src/hub/hub.ts'
import { resolveHubOptions } from '../../src/hub/hub-options.ts'

test.each<[option: string, options: unknown]>([
  ['tail.length', { tail: { length: 0 } }],
  ['tail.length', { tail: { length: 1.5 } }],
  ['tail.length', { tail: { length: '10' } }],
  ['tail.length', { tail: { length: Number.POSITIVE_INFINITY } }],
  ['tail.bytes', { tail: { bytes: -1 } }],
  ['tail.bytes', { tail: { bytes: Number.NaN } }],
  ['gapDelay', { gapDelay: -1 }],
  ['gapDelay', { gapDelay: Number.POSITIVE_INFINITY }],
  ['snapshotMaxAge', { snapshotMaxAge: -1 }],
  ['snapshotTimeout', { snapshotTimeout: 0 }],
  ['maxResume', { maxResume: 0 }],
  ['maxResume', { maxResume: '5' }],
  ['serialize', { serialize: 'json' }],
  ['onError', { onError: {} }],
  ['controlEvents', { controlEvents: { gap: '' } }],
  ['controlEvents', { controlEvents: { snapshot: '' } }],
  ['controlEvents', { controlEvents: { bookmarks: false } }],
  ['controlEvents', { controlEvents: null }],
  ['tail', { tail: null }],
  ['log', { log: 'redis://localhost' }],
  ['log', { log: null }],
  ['size', { tail: { size: 10 } }],
  ['onerror', { onerror: () => {} }],
])('refuses a bad %s: %j', (option, options) => {
  expect(() => createHub(options as HubOptions)).toThrow(
    expect.objectContaining({ code: 'ERR_SSE_INVALID_OPTION', message: expect.stringContaining(option) }),
  )
})

// A gap or a snapshot without a name was accepted, and caused an unhandled rejection later.
test.each([{ gap: 'a\nb' }, { gap: false }, { snapshot: false }])(
  'refuses a control event whose name cannot be sent: %j',
  (controlEvents) => {
    expect(() => createHub({ controlEvents } as HubOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_SSE_INVALID_EVENT_NAME' }),
    )
  },
)

test('options that are undefined have their defaults', () => {
  const options: HubOptions = {
    log: undefined,
    tail: undefined,
    serialize: undefined,
    gapDelay: undefined,
    maxResume: undefined,
    controlEvents: undefined,
    onError: undefined,
  }
  expect(createHub(options).stats()).toEqual(createHub().stats())
})

// docs/limits.md promises them. A lower one would refuse what an app does today.
test('the limits have their documented defaults', () => {
  expect(resolveHubOptions({})).toMatchObject({
    maxChannels: 10_000,
    maxChannelLength: 1_024,
    maxEventBytes: 16 * 1_024 * 1_024,
    maxResumes: 10_000,
    maxResume: 100_000,
    tail: { length: 10_000, bytes: 16 * 1_024 * 1_024 },
  })
})
