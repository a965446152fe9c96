import { type EventStreamOptions, resolveOptions } from '../../src/stream/event-stream-options.ts'
import { ResponseEventStream } from '../../src/stream/response-event-stream.ts'
import { FakeTarget } from './fake-target.ts'

const open: ResponseEventStream[] = []
afterEach(() => {
  for (const stream of open.splice(0)) stream.close()
})

/** A stream that has not begun; the test's end closes it. */
export function create(options: EventStreamOptions = {}): ResponseEventStream {
  const stream = new ResponseEventStream('7', resolveOptions(options))
  open.push(stream)
  return stream
}

/** A stream on a fake response. */
export function begin(options: EventStreamOptions = {}): { stream: ResponseEventStream; target: FakeTarget } {
  const stream = create(options)
  const target = new FakeTarget()
  stream.begin(target)
  return { stream, target }
}
