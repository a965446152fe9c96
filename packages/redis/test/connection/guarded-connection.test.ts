import { setImmediate as turn } from 'node:timers/promises'
import { GuardedConnection } from '../../src/connection/guarded-connection.ts'
import { FakeConnection } from './fake-connection.ts'

function start() {
  const connections: FakeConnection[] = []
  const guarded = new GuardedConnection((options) => {
    const connection = new FakeConnection(options)
    connections.push(connection)
    return connection
  }, 60_000)
  return { guarded, connections }
}

async function sendAndAnswer({ guarded, connections }: ReturnType<typeof start>, answer: string) {
  const sent = guarded.send(['PING'])
  const connection = connections.at(-1)
  connection?.open()
  await turn()
  connection?.answer(answer)
  return sent
}

test('opens at the first command, and once', async () => {
  const tools = start()
  expect(tools.connections).toHaveLength(0)
  await expect(sendAndAnswer(tools, 'a')).resolves.toBe('a')
  await expect(sendAndAnswer(tools, 'b')).resolves.toBe('b')
  expect(tools.connections).toHaveLength(1)
})

test('opens another connection after a loss, at once if the lost one has worked', async () => {
  const tools = start()
  await sendAndAnswer(tools, 'a')
  tools.connections[0]?.break('ECONNRESET')
  await expect(sendAndAnswer(tools, 'b')).resolves.toBe('b')
  expect(tools.connections).toHaveLength(2)
})

// The test controls the clock: on a busy machine the pause was over before the second command, and the test failed.
test('rejects at once while the server is known to be unreachable, and tries again later', async () => {
  const now = jest.spyOn(performance, 'now').mockReturnValue(1_000)
  try {
    const { guarded, connections } = start()
    const first = guarded.send(['1'])
    connections[0]?.refuse('ECONNREFUSED')
    await expect(first).rejects.toThrow('ECONNREFUSED')
    await expect(guarded.send(['2'])).rejects.toThrow('ECONNREFUSED')
    expect(connections).toHaveLength(1)
    now.mockReturnValue(2_000)
    guarded.send(['3']).catch(() => {})
    expect(connections).toHaveLength(2)
    guarded.close()
  } finally {
    now.mockRestore()
  }
})

test('rejects waiting commands when disconnected, and continues with another connection', async () => {
  const tools = start()
  const { guarded, connections } = tools
  await sendAndAnswer(tools, 'a')
  const sent = guarded.send(['1'])
  guarded.drop(new Error('enough'))
  await expect(sent).rejects.toThrow('enough')
  await expect(sendAndAnswer(tools, 'b')).resolves.toBe('b')
  expect(connections.map(({ closed }) => closed)).toEqual([true, false])
})

test('opens no connection after it was closed', async () => {
  const { guarded, connections } = start()
  const sent = guarded.send(['1'])
  guarded.close()
  await expect(sent).rejects.toThrow('closed')
  await expect(guarded.send(['2'])).rejects.toThrow('closed')
  expect(connections.map(({ closed }) => closed)).toEqual([true])
})
