import type { EventStream } from '../../src/stream/event-stream.ts'
import { type EventStreamOptions, resolveOptions } from '../../src/stream/event-stream-options.ts'
import { ResponseEventStream } from '../../src/stream/response-event-stream.ts'
import { ResponsePort } from '../../src/stream/response-port.ts'
import { FakeTarget } from './fake-target.ts'

/** A stream, its internals, and the response that it is or will be written to. */
export interface Begun {
  stream: EventStream
  port: ResponsePort
  target: FakeTarget
}

const open: ResponsePort[] = []
afterEach(() => {
  for (const port of open.splice(0)) port.onResponseClose()
})

/** A stream that has not begun; the end of the test closes it. */
export function create(options: EventStreamOptions = {}): Begun {
  const port = new ResponsePort('7', resolveOptions(options))
  open.push(port)
  return { port, stream: new ResponseEventStream(port), target: new FakeTarget() }
}

/** A stream on a fake response. */
export function begin(options: EventStreamOptions = {}): Begun {
  const begun = create(options)
  begun.port.begin(begun.target)
  return begun
}
