import assert from 'node:assert/strict'
import type { StoreCase } from './store-case.ts'

/** Starting, adding, ending: a run has one producer. */
export const claimCases: StoreCase[] = [
  {
    name: 'starts a run once: the second start finds it and starts nothing',
    async run(tools) {
      const { claim } = await tools.start('a')
      await claim.append(tools.newEvents(3))
      const state = await tools.join('a')
      assert.deepEqual([state.id, state.status, state.events], ['a', 'running', 3])
      assert.equal(state.endedAt, undefined)
      await claim.append(tools.newEvents(1))
      assert.equal((await tools.state('a'))?.events, 4)
    },
  },
  {
    name: 'gives one claim for twenty concurrent starts',
    async run(tools) {
      const run = { ttl: 60_000, maxBytes: 1_000_000, replace: true, onRevoked() {} }
      const started = await Promise.all(Array.from({ length: 20 }, () => tools.store.start('a', run)))
      assert.equal(started.filter(({ claim }) => claim !== undefined).length, 1)
    },
  },
  {
    name: 'gives one claim for concurrent starts in two processes',
    needs: 'connect',
    async run(tools) {
      const stores = [tools.store, await tools.connect()]
      for (let n = 0; n < 20; n++) {
        const run = { ttl: 60_000, maxBytes: 1_000_000, replace: false, onRevoked() {} }
        const started = await Promise.all(stores.map((store) => store.start(`run ${n}`, run)))
        assert.equal(started.filter(({ claim }) => claim !== undefined).length, 1)
        assert.equal(started[0]?.state.startedAt, started[1]?.state.startedAt)
      }
    },
  },
  {
    name: 'gives every attempt its own name: 1 to 32 of [0-9a-z], and never 0',
    async run(tools) {
      const attempts: string[] = []
      for (let n = 0; n < 30; n++) {
        const { claim } = await tools.start(`run ${n % 3}`, { replace: true })
        attempts.push(claim.attempt)
        await claim.end('done')
      }
      for (const attempt of attempts) assert.match(attempt, /^(?!0$)[\da-z]{1,32}$/)
      assert.equal(new Set(attempts).size, 30)
    },
  },
  {
    name: 'gives an attempt a new name when the engine has lost everything',
    needs: 'clear',
    async run(tools) {
      const first = await tools.start('a')
      await tools.clear()
      await tools.until('the run is deleted', async () => (await tools.state('a')) === undefined)
      const second = await tools.start('a')
      assert.notEqual(second.claim.attempt, first.claim.attempt)
      await assert.rejects(first.claim.append(tools.newEvents(1)))
      assert.deepEqual(await tools.readAll('a'), [])
    },
  },
  {
    name: 'counts events and their UTF-8 bytes, and records when the run started and ended',
    async run(tools) {
      const before = Date.now()
      const { claim } = await tools.start('a')
      await claim.append(['data: ü€😀\n\n', 'data: b\n\n'])
      const running = await tools.state('a')
      assert.deepEqual([running?.events, running?.bytes], [2, 17 + 9])
      await claim.end('done')
      const done = await tools.state('a')
      assert.deepEqual([done?.status, done?.events, done?.bytes], ['done', 2, 26])
      const { startedAt = 0, endedAt = 0 } = done ?? {}
      // The engine may have its own clock.
      assert.ok(Math.abs(startedAt - before) < 60_000)
      assert.ok(endedAt >= startedAt && endedAt - startedAt < 60_000)
      assert.equal(startedAt, running?.startedAt)
    },
  },
  {
    name: 'ends a run as done, failed or stopped, and refuses events after that',
    async run(tools) {
      for (const status of ['done', 'failed', 'stopped'] as const) {
        const { claim, revoked } = await tools.start(status)
        const events = tools.newEvents(2)
        await claim.append(events)
        await claim.end(status)
        await assert.rejects(claim.append(tools.newEvents(1)))
        await assert.rejects(claim.end('done'))
        assert.equal((await tools.state(status))?.status, status)
        assert.deepEqual(await tools.readAll(status), events)
        assert.deepEqual(revoked, [])
        const again = await tools.join(status)
        assert.deepEqual([again.status, again.events], [status, 2])
      }
    },
  },
  {
    name: 'replaces a run that has ended, never one that is running',
    async run(tools) {
      const first = await tools.start('a')
      await first.claim.append(tools.newEvents(3))
      assert.equal((await tools.join('a', { replace: true })).events, 3)
      await first.claim.end('done')
      const second = await tools.start('a', { replace: true })
      assert.deepEqual(await tools.readAll('a'), [])
      await assert.rejects(first.claim.append(tools.newEvents(1)))
      const events = tools.newEvents(2)
      await second.claim.append(events)
      assert.deepEqual(await tools.readAll('a'), events)
      assert.equal((await tools.state('a'))?.events, 2)
    },
  },
  {
    name: 'deletes a run when its ttl has passed, and can then start it anew',
    async run(tools) {
      const { claim } = await tools.start('a', { ttl: 50 })
      await claim.append(tools.newEvents(1))
      await claim.end('done')
      await tools.until('the run is deleted', async () => (await tools.state('a')) === undefined)
      assert.equal(await tools.store.stop('a'), undefined)
      const again = await tools.start('a')
      assert.notEqual(again.claim.attempt, claim.attempt)
    },
  },
  {
    name: 'does not delete a run when the ttl of the one that it has replaced has passed',
    async run(tools) {
      await (await tools.start('a', { ttl: 200 })).claim.end('done')
      await tools.start('a', { replace: true })
      // Its ttl has the same length and begins later.
      await (await tools.start('b', { ttl: 200 })).claim.end('done')
      await tools.until('the later ttl has passed', async () => (await tools.state('b')) === undefined)
      assert.equal((await tools.state('a'))?.status, 'running')
    },
  },
  {
    name: 'never deletes a running run, however short its ttl',
    async run(tools) {
      const { claim } = await tools.start('a', { ttl: 1 })
      for (let n = 0; n < 5; n++) {
        await new Promise((resolve) => setTimeout(resolve, 20))
        await claim.append(tools.newEvents(1))
      }
      assert.equal((await tools.state('a'))?.events, 5)
    },
  },
  {
    name: 'keeps runs apart, whatever their ids are',
    async run(tools) {
      const ids = ['a', 'A', 'a:b', '{a}', '}a{', 'a b', 'ä€😀', '*', '0', '__proto__', 'constructor']
      for (const id of ids) await (await tools.start(id)).claim.append([`data: ${id}\n\n`])
      for (const id of ids) {
        assert.deepEqual(await tools.readAll(id), [`data: ${id}\n\n`])
        assert.equal((await tools.state(id))?.id, id)
      }
    },
  },
]
