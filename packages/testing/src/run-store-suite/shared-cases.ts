import assert from 'node:assert/strict'
import type { StoreCase } from './store-case.ts'

/** Several stores on one engine, as in several processes. */
export const sharedCases: StoreCase[] = [
  {
    name: 'reads and follows in one process a run that another produces',
    needs: 'connect',
    async run(tools) {
      const other = await tools.connect()
      const following = tools.follow('a', other)
      const { claim } = await tools.start('a')
      const events = tools.newEvents(50)
      for (let n = 0; n < 50; n += 5) await claim.append(events.slice(n, n + 5))
      await tools.until('all are reported', () => following.events.length === 50)
      await claim.end('done')
      await tools.until('the end is reported', () => following.state?.status === 'done')
      assert.deepEqual(following.events, events)
      assert.deepEqual(await tools.readAll('a', 7, other), events)
    },
  },
  {
    name: 'stops from one process a run that another produces',
    needs: 'connect',
    async run(tools) {
      const other = await tools.connect()
      for (let n = 0; n < 10; n++) {
        const { claim, revoked } = await tools.start(`run ${n}`)
        const state = await other.stop(`run ${n}`)
        assert.equal(state?.status, 'stopped')
        assert.deepEqual(revoked, ['stopped'])
        await assert.rejects(claim.append(tools.newEvents(1)))
      }
    },
  },
  {
    name: 'reports a run as lost to every follower, within the lease, when its process has died',
    needs: 'crash',
    async run(tools) {
      const producer = await tools.connect()
      const followings = [tools.follow('a'), tools.follow('a', await tools.connect())]
      const { claim } = await tools.start('a', {}, producer)
      const events = tools.newEvents(20)
      await claim.append(events)
      await tools.crash(producer)
      for (const following of followings) {
        await tools.until('the loss is reported', () => following.state?.status === 'lost')
        assert.deepEqual(following.events, events)
      }
      assert.equal((await tools.state('a'))?.status, 'lost')
      assert.equal((await tools.join('a')).status, 'lost')
    },
  },
  {
    name: 'reads a run without followers as lost when its process has died, and can replace it',
    needs: 'crash',
    async run(tools) {
      const producer = await tools.connect()
      await (await tools.start('a', {}, producer)).claim.append(tools.newEvents(2))
      await tools.crash(producer)
      await tools.until('the run is lost', async () => (await tools.state('a'))?.status === 'lost')
      const { claim } = await tools.start('a', { replace: true })
      await claim.append(tools.newEvents(1))
      assert.equal((await tools.state('a'))?.events, 1)
    },
  },
  {
    name: 'stops a run whose process has died: followers are notified at once, and the promise waits at most for the lease',
    needs: 'crash',
    async run(tools) {
      const producer = await tools.connect()
      await tools.start('a', {}, producer)
      const following = tools.follow('a')
      await tools.crash(producer)
      assert.equal((await tools.store.stop('a'))?.status, 'stopped')
      await tools.until('the end is reported', () => following.state?.status === 'stopped')
      assert.equal((await tools.state('a'))?.status, 'stopped')
    },
  },
  {
    name: 'refuses events of a process that was paused for longer than its lease, and revokes its claim',
    needs: 'pause',
    async run(tools) {
      const producer = await tools.connect()
      const { claim, revoked } = await tools.start('a', {}, producer)
      const events = tools.newEvents(3)
      await claim.append(events)
      const paused = tools.pause(producer, tools.lease * 2)
      await tools.until('the run is lost', async () => (await tools.state('a'))?.status === 'lost')
      await paused
      await assert.rejects(claim.append(tools.newEvents(1)))
      await tools.until('the producer is notified', () => revoked.length > 0)
      assert.deepEqual(revoked, ['lost'])
      assert.deepEqual(await tools.readAll('a'), events)
      assert.equal((await tools.state('a'))?.status, 'lost')
    },
  },
]
