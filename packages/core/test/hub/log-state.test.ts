import { type EventLog, MemoryLog } from '@downstream/core'
import { FaultyLog } from '@downstream/testing'
import { createHub } from '../../src/hub/create-hub.ts'
import { settle } from './settle.ts'

function start(log: EventLog = new MemoryLog()) {
  const engine = new FaultyLog(log)
  const [onError, onLogState] = [jest.fn(), jest.fn()]
  const hub = createHub({ log: engine, onError, onLogState })
  return { engine, hub, onError, onLogState }
}

test('onLogState reports that the log is up, and each change once', async () => {
  const { engine, hub, onLogState } = start()
  await settle()
  expect(onLogState.mock.calls).toEqual([['up', undefined]])
  engine.down()
  engine.down()
  expect(hub.stats().log).toBe('down')
  expect(onLogState.mock.calls.slice(1)).toEqual([['down', expect.any(Error)]])
  engine.up()
  expect(hub.stats().log).toBe('up')
  expect(onLogState.mock.calls.slice(2)).toEqual([['up', undefined]])
  await hub.close()
})

test.each([
  [
    'throws',
    () => {
      throw new Error('mine')
    },
  ],
  ['rejects with', () => Promise.reject(new Error('mine'))],
])('an error that onLogState %s is reported and stops nothing', async (_, fail) => {
  const { engine, hub, onError, onLogState } = start()
  await settle()
  onLogState.mockImplementation(fail)
  engine.down()
  engine.up()
  await settle()
  expect(onError).toHaveBeenCalledWith(expect.objectContaining({ message: 'mine' }))
  await expect(hub.publish('news', { data: 1 })).resolves.toEqual(expect.any(String))
  await hub.close()
})

test('a failed publish rejects with the error of the log, and need not be awaited', async () => {
  const { engine, hub } = start()
  const unhandled = jest.fn()
  process.on('unhandledRejection', unhandled)
  engine.fail('append', { times: 2 })
  void hub.publish('news', { data: 1 })
  await expect(hub.publish('news', { data: 2 })).rejects.toThrow()
  await settle()
  process.off('unhandledRejection', unhandled)
  expect(unhandled).not.toHaveBeenCalled()
  await hub.close()
})

test('onError receives the first of several failed publishes', async () => {
  const { engine, hub, onError } = start()
  const publish = () => hub.publish('news', { data: 1 }).catch(() => {})
  engine.fail('append', { times: 3 })
  await Promise.all([publish(), publish(), publish()])
  expect(onError).toHaveBeenCalledTimes(1)
  await publish()
  engine.fail('append')
  await publish()
  expect(onError).toHaveBeenCalledTimes(2)
  await hub.close()
})
