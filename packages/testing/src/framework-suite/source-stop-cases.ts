import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import type { Source } from '@downstream/core'
import { eventually } from '../eventually.ts'
import { deferred, type SuiteCase } from './suite-case.ts'

/** A source is stopped at once when its client disconnects. */
export const sourceStopCases: SuiteCase[] = [
  {
    name: 'stops an idle source as soon as the client disconnects',
    async run(tools) {
      const returned = deferred()
      const source: AsyncIterable<string> = {
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise(() => {}),
          return: async () => {
            returned.resolve()
            return { done: true, value: undefined }
          },
        }),
      }
      const over = deferred()
      await tools.serve(async ({ sse }) => {
        await sse(source)
        over.resolve()
      })
      const client = await tools.open()
      client.destroy()
      await returned.promise
      await over.promise
    },
  },
  {
    name: "runs a generator's finally when the client stalls and then disconnects",
    async run(tools) {
      const cleaned = deferred()
      await tools.serve(({ sse }) =>
        sse(async function* () {
          try {
            for (;;) yield 'x'.repeat(100_000)
          } finally {
            cleaned.resolve()
          }
        }),
      )
      const client = await tools.open()
      client.pause()
      await new Promise((resolve) => setTimeout(resolve, 50))
      client.destroy()
      await cleaned.promise
    },
  },
  {
    name: 'destroys an idle Readable and cancels an idle web stream when the client disconnects',
    async run(tools) {
      const cancelled = deferred()
      const readable = new Readable({ read() {} })
      const idle: Source[] = [readable, new ReadableStream<string>({ cancel: () => cancelled.resolve() })]
      await tools.serve(({ sse }) => sse(idle.shift() ?? []))
      for (const client of [await tools.open(), await tools.open()]) client.destroy()
      await eventually('the Readable being destroyed', () => readable.destroyed)
      await cancelled.promise
    },
  },
  {
    name: 'does not report the failure of a source whose signal has aborted',
    async run(tools) {
      const failed = deferred()
      const host = await tools.serve(({ sse }) =>
        sse(async function* ({ signal }) {
          yield 'a'
          try {
            await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
          } finally {
            failed.resolve()
          }
        }),
      )
      const client = await tools.open()
      await client.receives('data: a\n\n')
      client.destroy()
      await failed.promise
      await new Promise((resolve) => setTimeout(resolve, 20))
      assert.deepEqual(host.errors, [])
    },
  },
]
