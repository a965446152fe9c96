import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SseError } from '@downstream/core'
import { eventually } from '../eventually.ts'
import { atMost, type LogCase } from './log-case.ts'

const resources = () => process.getActiveResourcesInfo().filter((name) => name !== 'Immediate').length

/** How many resources this process has open, once those of earlier cases are closed. */
async function quiet(): Promise<number> {
  let open = resources()
  for (let still = 0; still < 5; still++) {
    await sleep(10)
    if (resources() !== open) still = 0
    open = resources()
  }
  return open
}

/** Closing a log. */
export const closeCases: LogCase[] = [
  {
    name: 'ends every follow at close',
    async run(tools) {
      const followers = [await tools.follow(), await tools.follow(5), tools.watch()]
      await tools.fill(5)
      await tools.log.close()
      await Promise.all(followers.map(({ done }) => done))
    },
  },
  {
    name: 'keeps a follow open until close',
    async run(tools) {
      const follower = await tools.follow()
      let done = false
      follower.done.then(() => {
        done = true
      })
      await follower.reaches(await tools.append())
      assert.equal(done, false)
      await tools.log.close()
      await follower.done
    },
  },
  {
    name: 'calls no follower after close',
    async run(tools) {
      const follower = await tools.follow()
      const appends = tools.fill(20).catch(() => {})
      await tools.log.close()
      const { length } = follower.calls
      await appends
      await sleep(20)
      assert.equal(follower.calls.length, length)
    },
  },
  {
    name: 'refuses appends after close with ERR_SSE_LOG_CLOSED',
    async run(tools) {
      await tools.append()
      await tools.log.close()
      await assert.rejects(tools.append(), ({ name, code }: SseError) => {
        assert.deepEqual([name, code], ['SseError', 'ERR_SSE_LOG_CLOSED'])
        return true
      })
    },
  },
  {
    name: 'can be closed twice, also concurrently',
    async run(tools) {
      const follower = await tools.follow()
      await Promise.all([tools.log.close(), tools.log.close()])
      await tools.log.close()
      await follower.done
    },
  },
  {
    name: 'can be closed without ever being used',
    run: (tools) => tools.log.close(),
  },
  {
    name: 'settles calls in flight at close, and later calls',
    async run(tools) {
      const { cursor } = await tools.append()
      const before = [tools.fill(10), tools.log.read(cursor, atMost(10)), tools.watch(3).done]
      const closing = tools.log.close()
      const after = [tools.append(), tools.log.read(cursor, atMost(10)), tools.watch(3).done]
      await Promise.allSettled([...before, closing, ...after])
      await closing
    },
  },
  {
    name: 'releases every timer and connection at close',
    async run(tools) {
      const before = await quiet()
      const follower = await tools.follow()
      await follower.reaches(await tools.append())
      await tools.read(follower.head)
      await tools.log.close()
      await eventually(`no more than before, ${before}`, () => resources() <= before)
    },
  },
]
