import assert from 'node:assert/strict'
import type { EventStream } from '@downstream/core'
import { eventually } from '../eventually.ts'
import type { SuiteCase } from './suite-case.ts'

const OPENS = 1_000
const AT_ONCE = 50

/** Streams that have ended leave no timer, socket or listener. */
export const leakCases: SuiteCase[] = [
  {
    name: `leaves no timer, socket or listener after ${OPENS} streams`,
    async run(tools) {
      const open = new Set<EventStream>()
      await tools.serve(({ sse }) => {
        const stream = sse()
        open.add(stream)
        stream.signal.addEventListener('abort', () => open.delete(stream))
      })
      // Old versions of Deno do not report resources; there the case only checks the streams.
      const resources = () =>
        (process.getActiveResourcesInfo?.() ?? []).filter((name) => name !== 'Immediate')
      await (await tools.open()).receives(':\n\n')
      const warm = await tools.open()
      await warm.receives(':\n\n')
      const before = resources()
      for (let n = 0; n < OPENS; n += AT_ONCE) {
        const clients = await Promise.all(Array.from({ length: AT_ONCE }, () => tools.open()))
        for (const client of clients) client.destroy()
        await eventually('the streams of this round', () => open.size === 2)
      }
      await eventually('the resources of before', () => resources().length <= before.length)
    },
  },
  {
    name: 'leaves no listener on a connection that serves many streams one after the other',
    only: 'http/1.1',
    async run(tools) {
      const counts: number[] = []
      await tools.serve(({ sse, request }) => {
        const { socket } = request
        counts.push(socket.eventNames().reduce((sum, name) => sum + socket.listenerCount(name), 0))
        return sse(['x'])
      })
      const client = await tools.connect()
      for (let n = 1; n <= 20; n++) {
        client.get(`/${n}`)
        await eventually(`response ${n}`, () => client.text.split('0\r\n\r\n').length > n)
      }
      assert.equal(counts.at(-1), counts[2])
    },
  },
]
