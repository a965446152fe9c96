import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Admission } from '../../src/group/admission.ts'
import { resolveAdmission } from '../../src/group/admission-options.ts'
import { Refusal } from '../../src/stream/refusal.ts'
import type { StreamPort } from '../../src/stream/stream-port.ts'

function check(open: number, headers: IncomingMessage['headers']): unknown {
  const options = resolveAdmission({ limits: { total: 2 }, origin: ['https://app.example'] })
  const request = Object.assign(new IncomingMessage(new Socket()), { headers })
  const answer = options && new Admission(options).check(request, request, open)
  return answer instanceof Refusal ? `${answer.reason} ${answer.status}` : answer
}

// Otherwise a foreign page would see from the status whether the server is full.
test.each([
  ['a page of a refused origin is refused as that', 0, 'https://other.example', 'origin 403'],
  ['also beyond the limit', 2, 'https://other.example', 'origin 403'],
  ['a page of an allowed origin is refused beyond the limit', 2, 'https://app.example', 'total 200'],
  ['and not before', 1, 'https://app.example', undefined],
])('%s', (_sentence, open, origin, expected) => {
  expect(check(open, { origin, 'sec-fetch-site': 'cross-site' })).toBe(expected)
})

// Addresses of a whole year would stay in memory.
test('a key whose streams have all finished takes no memory', () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage: () => void = runInNewContext('gc')
  const options = resolveAdmission({ limits: { perKey: 1, key: () => 'a' } })
  const admission = options && new Admission(options)
  const finished = { whenFinished: (listener: () => void) => listener() } as StreamPort
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  for (let n = 0; n < 200_000; n++) admission?.enter(finished, `address ${n}`)
  collectGarbage()
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(4_000_000)
  // It is still in use, and was not collected itself.
  const request = new IncomingMessage(new Socket())
  expect(admission?.check(request, request, 0)).toBe('a')
})
