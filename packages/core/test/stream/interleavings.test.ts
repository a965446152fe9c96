// Long random sequences of everything that can happen to a stream, checked against what must always be true.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { parseEvents } from '@downstream/testing'
import fc from 'fast-check'
import { create } from './begin.ts'

type Step =
  | 'begin'
  | 'send'
  | 'comment'
  | 'close'
  | 'cut'
  | 'gone'
  | 'stall'
  | 'drain'
  | 'end'
  | 'shutdown'
  | 'turn'

const steps = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom<Step>('send', 'turn', 'drain', 'stall', 'comment') },
    { weight: 3, arbitrary: fc.constant<Step>('begin') },
    { weight: 1, arbitrary: fc.constantFrom<Step>('close', 'cut', 'gone', 'end', 'shutdown') },
  ),
  { minLength: 5, maxLength: 60 },
)

test('in any order of calls every send settles, the signal aborts once, and events are whole, in order and not after the end', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const { stream, port, target } = create({ maxBufferedBytes: 2_000 })
      let aborts = 0
      stream.signal.addEventListener('abort', () => aborts++)
      const sends: Promise<boolean>[] = []
      let begun = false
      let sentOpen = 0
      const act: Record<Step, () => unknown> = {
        begin() {
          if (!begun) port.begin(target)
          begun = true
        },
        send() {
          if (!stream.closed) sentOpen++
          sends.push(stream.send({ data: `${sends.length} ${'x'.repeat(100)}` }))
        },
        comment: () => void stream.comment('c'),
        close: () => stream.close(),
        cut: () => port.cut('ERR_SSE_SLOW_CLIENT'),
        gone: () => port.onResponseClose(),
        stall() {
          target.hasRoom = false
        },
        drain: () => target.drain(),
        end: () => port.onEnd(),
        shutdown: () => port.shutdown(1_000),
        turn: () => nextTurn(),
      }
      for (const step of list) await act[step]()
      const { reason } = stream
      expect(stream.closed).toBe(reason !== undefined)
      act.begin()
      target.drain()
      await nextTurn()
      port.onResponseClose()
      await nextTurn()
      const results = await Promise.all(sends)
      expect(aborts).toBe(1)
      // The first reason stays.
      if (reason !== undefined) expect(stream.reason).toBe(reason)
      expect(stream.signal.reason).toBe(stream.reason)
      const numbers = parseEvents(target.text).map(({ data }) => Number(data.split(' ')[0]))
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
      expect(new Set(numbers).size).toBe(numbers.length)
      expect(numbers.length).toBeLessThanOrEqual(sentOpen)
      expect(port.sentEvents).toBeLessThanOrEqual(sentOpen)
      // What was sent while the stream was open is written, unless its connection was cut.
      if (reason === undefined) expect(numbers).toHaveLength(sends.length)
      expect(results).toHaveLength(sends.length)
      expect(await stream.send('late')).toBe(false)
    }),
    { numRuns: 300 },
  )
})
