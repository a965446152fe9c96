import type { SseCloseCode } from '../../src/errors.ts'
import { closeReason } from '../../src/stream/close-reason.ts'

const codes: SseCloseCode[] = [
  'ERR_SSE_CLIENT_CLOSED',
  'ERR_SSE_CLOSED',
  'ERR_SSE_SLOW_CLIENT',
  'ERR_SSE_MAX_AGE',
  'ERR_SSE_SHUTDOWN',
  'ERR_SSE_SOURCE_FAILED',
  'ERR_SSE_WRITE_FAILED',
]

test.each(codes)('%s has its own sentence', (code) => {
  const reason = closeReason(code, undefined)
  expect(reason).toMatchObject({ name: 'SseError', code })
  expect(reason?.message).toMatch(/^The .+\.$/)
  expect('cause' in Object(reason)).toBe(false)
})

test('the cause is kept', () => {
  const cause = new Error('behind it')
  expect(closeReason('ERR_SSE_SOURCE_FAILED', cause)?.cause).toBe(cause)
})
