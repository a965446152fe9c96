import type { ServerSentEvent } from '../../src/wire/server-sent-event.ts'

let caution: (event: ServerSentEvent) => void
let emitWarning: jest.SpyInstance

beforeEach(async () => {
  jest.resetModules()
  caution = (await import('../../src/process/caution.ts')).caution
  emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
})
afterEach(() => emitWarning.mockRestore())

test.each<[event: ServerSentEvent, code: string]>([
  [{ event: 'error', data: '' }, 'SSE_EVENT_NAME'],
  [{ event: 'open', data: '' }, 'SSE_EVENT_NAME'],
  [{ retry: 0 }, 'SSE_HASTY_RETRY'],
  [{ retry: 99, data: '' }, 'SSE_HASTY_RETRY'],
])('%j causes one warning', (event, code) => {
  caution(event)
  caution(event)
  expect(emitWarning).toHaveBeenCalledTimes(1)
  expect(emitWarning).toHaveBeenCalledWith(expect.any(String), { type: 'SseWarning', code })
})

test('events named open and error cause a warning each', () => {
  caution({ event: 'open', data: '' })
  caution({ event: 'error', data: '' })
  expect(emitWarning).toHaveBeenCalledTimes(2)
})

test.each<[ServerSentEvent]>([
  [{ event: 'Error', data: '' }],
  [{ data: '' }],
  [{ retry: 100 }],
  [{ event: 'opened', data: '' }],
])('%j causes no warning', (event) => {
  caution(event)
  expect(emitWarning).not.toHaveBeenCalled()
})
