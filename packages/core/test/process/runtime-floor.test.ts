import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

/** As in a new process: whether there was a warning is a state of the module. */
function load() {
  let module: unknown
  jest.isolateModules(() => {
    module = require('../../src/process/runtime-floor.ts')
  })
  return module as typeof import('../../src/process/runtime-floor.ts')
}

let warnings: jest.SpyInstance

beforeEach(() => {
  warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
})

afterEach(() => jest.restoreAllMocks())

test.each([
  [{ bun: '1.4.0' }, 'Bun 1.4.0 never emits'],
  [{ bun: '1.3.14' }, 'Use Bun 1.4.1 or newer'],
  [{ bun: '0.9.9' }, 'Bun 0.9.9'],
  [{ deno: '2.7.13' }, 'Deno 2.7.13 has no backpressure'],
  [{ deno: '1.46.3' }, 'Use Deno 2.7.14 or newer'],
])('%j warns once', (versions, message) => {
  const { checkRuntime } = load()
  checkRuntime(versions)
  checkRuntime(versions)
  expect(warnings.mock.calls).toEqual([
    [expect.stringContaining(message), { type: 'SseWarning', code: 'SSE_RUNTIME' }],
  ])
})

test.each([
  [{ node: '20.0.0' }],
  [{ bun: '1.4.1' }],
  [{ bun: '1.10.0' }],
  [{ bun: '2.0.0' }],
  [{ bun: '1.5.0-canary.3+abc' }],
  [{ deno: '2.7.14' }],
  [{ deno: '2.10.0' }],
  [{ deno: '3.0.0' }],
])('%j does not warn', (versions) => {
  load().checkRuntime(versions)
  expect(warnings).not.toHaveBeenCalled()
})

test.each([
  ['Bun', { bun: '0.0.1' }],
  ['Deno', { deno: '0.0.1' }],
])('the floor of %s is the one in the docs and the one that test:matrix runs', (name, versions) => {
  load().checkRuntime(versions)
  const [, floor = 'no floor'] = /Use \w+ ([\d.]+) or newer/.exec(warnings.mock.calls[0][0]) ?? []
  const read = (path: string) => readFileSync(join(__dirname, '../../../..', path), 'utf8')
  expect(read('docs/runtimes.md')).toContain(`\n| ${name} | ${floor}`)
  expect(read('scripts/test-matrix.mjs')).toContain(`'${name.toLowerCase()}@${floor}'`)
})

test('the runtime is checked whenever a stream is opened', async () => {
  const checkRuntime = jest.fn()
  let core: unknown
  jest.isolateModules(() => {
    jest.doMock('../../src/process/runtime-floor.ts', () => ({ checkRuntime }))
    core = require('../../src/stream/open-event-stream.ts')
  })
  const { openEventStream } = core as typeof import('../../src/stream/open-event-stream.ts')
  const server = createServer((req, res) => openEventStream(req, res).close()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)).text()
  server.close()
  expect(checkRuntime).toHaveBeenCalledTimes(1)
})
