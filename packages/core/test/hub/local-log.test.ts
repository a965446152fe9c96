import cluster from 'node:cluster'
import type { EventLog } from '../../src/log/event-log.ts'

/** As in a new process: whether there was a warning is a state of the module. */
function load() {
  let modules: unknown
  jest.isolateModules(() => {
    modules = { ...require('../../src/hub/local-log.ts'), ...require('../../src/log/memory-log.ts') }
  })
  return modules as typeof import('../../src/hub/local-log.ts') & typeof import('../../src/log/memory-log.ts')
}

let warnings: jest.SpyInstance

beforeEach(() => {
  warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
})

afterEach(() => jest.restoreAllMocks())

// For real workers of node:cluster and of pm2 see test/process-managers.
test('a MemoryLog in a cluster worker: warns once, and says what to do', () => {
  jest.replaceProperty(cluster, 'isWorker', true)
  const { warnOfLocalLog, MemoryLog } = load()
  warnOfLocalLog(new MemoryLog())
  warnOfLocalLog(new MemoryLog())
  expect(warnings.mock.calls).toEqual([
    [expect.stringContaining('RedisLog'), { type: 'SseWarning', code: 'SSE_LOCAL_LOG' }],
  ])
})

test('another log in a cluster worker: no warning', () => {
  jest.replaceProperty(cluster, 'isWorker', true)
  load().warnOfLocalLog({} as EventLog)
  expect(warnings).not.toHaveBeenCalled()
})

test('the only worker started by pm2: no warning', () => {
  jest.replaceProperty(cluster, 'isWorker', true)
  jest.replaceProperty(process, 'env', { ...process.env, instances: '1' })
  const { warnOfLocalLog, MemoryLog } = load()
  warnOfLocalLog(new MemoryLog())
  expect(warnings).not.toHaveBeenCalled()
})

test('a standalone process: no warning', () => {
  const { warnOfLocalLog, MemoryLog } = load()
  warnOfLocalLog(new MemoryLog())
  expect(warnings).not.toHaveBeenCalled()
})
