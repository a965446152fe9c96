import { setImmediate as turn } from 'node:timers/promises'
import { type Greet, Session } from '../../src/connection/session.ts'
import { FakeConnection } from './fake-connection.ts'

const timeout = 60_000

function start(greet?: Greet) {
  const connections: FakeConnection[] = []
  const onLost = jest.fn()
  const session = new Session({
    connect: (options) => {
      const connection = new FakeConnection(options)
      connections.push(connection)
      return connection
    },
    timeout,
    greet,
    onLost,
  })
  return { session, onLost, connection: connections[0] as FakeConnection }
}

afterEach(() => jest.useRealTimers())

test('commands go out in the order of the calls, however long the opening takes', async () => {
  const { session, connection } = start()
  const first = session.send(['1'])
  await turn()
  connection.open()
  const second = session.send(['2'])
  await turn()
  const third = session.send(['3'])
  await turn()
  expect(connection.sent).toEqual([['1'], ['2'], ['3']])
  for (const answer of ['a', 'b', 'c']) connection.answer(answer)
  await expect(Promise.all([first, second, third])).resolves.toEqual(['a', 'b', 'c'])
})

test('waiting commands reject when the connection is lost, at once and with the reason', async () => {
  const { session, connection, onLost } = start()
  connection.open()
  const sent = [session.send(['1']), session.send(['2'])]
  await turn()
  connection.break('ECONNRESET')
  for (const one of sent) await expect(one).rejects.toThrow('ECONNRESET')
  expect(connection.closed).toBe(true)
  expect(onLost.mock.calls).toEqual([[expect.objectContaining({ message: 'ECONNRESET' }), false]])
  await expect(session.send(['3'])).rejects.toThrow('ECONNRESET')
  expect(connection.sent).toHaveLength(2)
})

test('a connection that cannot be opened is lost, and has never worked', async () => {
  const { session, connection, onLost } = start()
  const sent = session.send(['1'])
  connection.refuse('ECONNREFUSED')
  await expect(sent).rejects.toThrow('ECONNREFUSED')
  expect(onLost.mock.calls).toEqual([[expect.objectContaining({ message: 'ECONNREFUSED' }), true]])
  expect(connection.sent).toEqual([])
})

test.each([
  ['does not open', 0, false],
  ['does not answer', 0, true],
  ['does not answer a command that may take longer', 2_000, true],
])(
  'the connection to a server that %s is closed after the timeout, and no sooner',
  async (_, extraTime, opens) => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'performance'] })
    const { session, connection, onLost } = start()
    if (opens) connection.open()
    const sent = session.send(['1'], extraTime)
    const settled = jest.fn()
    sent.catch(settled)
    await turn()
    jest.advanceTimersByTime(timeout + extraTime - 1)
    await turn()
    expect(settled).not.toHaveBeenCalled()
    jest.advanceTimersByTime(1)
    await expect(sent).rejects.toThrow('not answered')
    expect(connection.closed).toBe(true)
    expect(onLost).toHaveBeenCalledTimes(1)
  },
)

test.each([
  ['OOM command not allowed', false],
  ['ERR wrong number of arguments', false],
  ['WRONGTYPE Operation against a key', false],
  ["READONLY You can't write against a read only replica.", true],
  ['UNBLOCKED force unblock from blocking operation', true],
  ['LOADING Redis is loading the dataset in memory', true],
  ['Connection is closed.', true],
  ['read ECONNRESET', true],
])('after "%s" the connection is closed: %s', async (message, givenUp) => {
  const { session, connection } = start()
  connection.open()
  const sent = session.send(['1'])
  await turn()
  connection.answer(new Error(message))
  await expect(sent).rejects.toThrow(message)
  expect(connection.closed).toBe(givenUp)
})

test('an answer in time stops the timeout, and the connection stays open', async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'performance'] })
  const { session, connection, onLost } = start()
  connection.open()
  const sent = session.send(['1'])
  await turn()
  connection.answer('OK')
  await expect(sent).resolves.toBe('OK')
  expect(jest.getTimerCount()).toBe(0)
  expect(onLost).not.toHaveBeenCalled()
})

// A publish was sent on a connection while the previous connection could still deliver an older one.
test('nothing is sent before the greeting is complete', async () => {
  const { session, connection } = start(async (send) => void (await send(['HELLO'])))
  const sent = session.send(['1'])
  connection.open()
  await turn()
  expect(connection.sent).toEqual([['HELLO']])
  connection.answer('hello')
  await turn()
  connection.answer('a')
  await expect(sent).resolves.toBe('a')
})

test('a failed greeting closes the connection, as one that has never worked', async () => {
  const { session, connection, onLost } = start(async () => {
    throw new Error('not you')
  })
  const sent = session.send(['1'])
  connection.open()
  await expect(sent).rejects.toThrow('not you')
  expect(connection.sent).toEqual([])
  expect(onLost.mock.calls).toEqual([[expect.objectContaining({ message: 'not you' }), true]])
})
