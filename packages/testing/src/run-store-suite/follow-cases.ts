import assert from 'node:assert/strict'
import type { RunReading } from '@downstream/core'
import type { StoreCase } from './store-case.ts'

/** Following, and stopping. */
export const followCases: StoreCase[] = [
  {
    name: 'notifies a follower of events, of the end and of a run that starts later',
    async run(tools) {
      const following = tools.follow('a')
      await tools.until('it finds no run', () => following.reads > 0)
      const { claim } = await tools.start('a')
      await tools.until('the start is reported', () => following.state?.status === 'running')
      const events = tools.newEvents(30)
      for (let n = 0; n < 30; n += 3) {
        await claim.append(events.slice(n, n + 3))
        await tools.until(`${n + 3} events are reported`, () => following.events.length === n + 3)
      }
      await claim.end('done')
      await tools.until('the end is reported', () => following.state?.status === 'done')
      assert.deepEqual(following.events, events)
    },
  },
  {
    name: 'notifies a follower of a run that replaces another',
    async run(tools) {
      const first = await tools.start('a')
      await first.claim.append(tools.newEvents(3))
      await first.claim.end('failed')
      const following = tools.follow('a')
      await tools.until('the end is reported', () => following.state?.status === 'failed')
      const second = await tools.start('a', { replace: true })
      await tools.until('the start is reported', () => following.state?.status === 'running')
      const events = tools.newEvents(2)
      await second.claim.append(events)
      await tools.until('the new events are reported', () => following.events.length === 2)
      assert.deepEqual(following.events, events)
    },
  },
  {
    name: 'notifies with the same events that read() returns from there',
    async run(tools) {
      const reported: RunReading[] = []
      const unfollow = tools.store.follow('a', (news) => void (news && reported.push(news)))
      const { claim } = await tools.start('a')
      const events = tools.newEvents(40)
      for (let n = 0; n < 40; n += 5) await claim.append(events.slice(n, n + 5))
      await claim.end('done')
      await tools.until('all are read', async () => (await tools.readAll('a')).length === 40)
      unfollow()
      for (const { attempt, first, events: piece } of reported) {
        assert.equal(attempt, claim.attempt)
        assert.deepEqual(piece, events.slice(first - 1, first - 1 + piece.length))
      }
      const numbers = reported.map(({ first }) => first)
      assert.deepEqual(
        numbers,
        [...numbers].sort((a, b) => a - b),
      )
    },
  },
  {
    name: 'shows every change in read() that a follower was notified of',
    async run(tools) {
      const { claim } = await tools.start('a')
      const problems: string[] = []
      const reads: Promise<unknown>[] = []
      const unfollow = tools.store.follow('a', (news) => {
        if (news === undefined) return
        reads.push(
          tools.read('a', undefined, 0).then(({ state }) => {
            if (state.events < news.state.events) problems.push(`${state.events} < ${news.state.events}`)
            if (news.state.status !== 'running' && state.status === 'running') problems.push('not ended')
          }),
        )
      })
      for (let n = 0; n < 10; n++) await claim.append(tools.newEvents(1))
      await claim.end('done')
      unfollow()
      await Promise.all(reads)
      assert.deepEqual(problems, [])
    },
  },
  {
    name: 'stops calling a follower that has ended, and continues to call the others',
    async run(tools) {
      const listener = tools.follow('a')
      const [stays, ends] = [tools.follow('a'), tools.follow('a')]
      const { claim } = await tools.start('a')
      await tools.until('all are notified', () =>
        [listener, stays, ends].every(({ state }) => state !== undefined),
      )
      ends.end()
      ends.end()
      const { calls } = ends
      await claim.append(tools.newEvents(1))
      await tools.until('the others are notified', () => stays.events.length + listener.events.length === 2)
      assert.equal(ends.calls, calls)
    },
  },
  {
    name: 'calls a listener for each of its followings, and ends each by itself, only once',
    async run(tools) {
      let calls = 0
      const listener = () => void calls++
      const ends = [tools.store.follow('a', listener), tools.store.follow('a', listener)]
      const following = tools.follow('a')
      const { claim } = await tools.start('a')
      await tools.until('each is notified', () => calls >= 2 && following.state !== undefined)
      for (const end of ends) end()
      following.end()
      const stays = tools.follow('a')
      for (const end of ends) end()
      following.end()
      const before = calls
      await claim.append(tools.newEvents(1))
      await tools.until('the other is notified', () => stays.events.length === 1)
      await claim.append(tools.newEvents(1))
      await tools.until('the other is notified again', () => stays.events.length === 2)
      assert.equal(calls, before)
    },
  },
  {
    name: 'follows two hundred runs at once, each with its own events',
    async run(tools) {
      const ids = Array.from({ length: 200 }, (_, n) => `run ${n}`)
      const followings = ids.map((id) => tools.follow(id))
      await Promise.all(
        ids.map(async (id) => {
          const { claim } = await tools.start(id)
          for (let n = 0; n < 3; n++) await claim.append([`data: ${id} ${n}\n\n`])
          await claim.end('done')
        }),
      )
      for (const [n, following] of followings.entries()) {
        await tools.until(`the end of run ${n} is reported`, () => following.state?.status === 'done')
        assert.deepEqual(
          following.events,
          [0, 1, 2].map((k) => `data: run ${n} ${k}\n\n`),
        )
      }
    },
  },
  {
    name: 'stops a run: the claim is revoked when stop resolves, and followers are notified',
    async run(tools) {
      const { claim, revoked } = await tools.start('a')
      await claim.append(tools.newEvents(2))
      const following = tools.follow('a')
      const state = await tools.store.stop('a')
      assert.deepEqual([state?.id, state?.status, state?.events], ['a', 'stopped', 2])
      assert.ok(state?.endedAt)
      assert.deepEqual(revoked, ['stopped'])
      await assert.rejects(claim.append(tools.newEvents(1)))
      await assert.rejects(claim.end('done'))
      await tools.until('the end is reported', () => following.state?.status === 'stopped')
      assert.equal((await tools.readAll('a')).length, 2)
      assert.deepEqual(revoked, ['stopped'])
    },
  },
  {
    name: 'does not stop a run that has ended or does not exist',
    async run(tools) {
      assert.equal(await tools.store.stop('a'), undefined)
      const { claim, revoked } = await tools.start('a')
      await claim.end('failed')
      const before = await tools.state('a')
      assert.deepEqual(await tools.store.stop('a'), before)
      assert.deepEqual(await tools.state('a'), before)
      assert.deepEqual(revoked, [])
    },
  },
  {
    name: 'replaces a run that was stopped',
    async run(tools) {
      const old = await tools.start('a')
      await tools.store.stop('a')
      const { claim, revoked } = await tools.start('a', { replace: true })
      await claim.append(tools.newEvents(1))
      assert.deepEqual(revoked, [])
      assert.deepEqual(old.revoked, ['stopped'])
      assert.equal((await tools.state('a'))?.status, 'running')
    },
  },
  {
    name: 'can be closed twice, with running runs and followers, and then starts nothing',
    async run(tools) {
      const { revoked } = await tools.start('a')
      tools.follow('a')
      await tools.store.close()
      await tools.store.close()
      assert.deepEqual(revoked, ['lost'])
      await assert.rejects(tools.start('b'), { code: 'ERR_SSE_RUNS_CLOSED' })
    },
  },
]
