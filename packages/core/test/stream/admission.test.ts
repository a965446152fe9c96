import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { Admission } from '../../src/stream/admission.ts'
import { resolveAdmission } from '../../src/stream/admission-options.ts'
import { Refusal } from '../../src/stream/refusal.ts'

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
