import { eventually } from '@downstream/testing'
import { RedisServer, type RedisServerOptions } from './redis-server.ts'

const servers: RedisServer[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close()
})

async function start(options?: RedisServerOptions) {
  const server = await RedisServer.start(options)
  servers.push(server)
  return server
}

test.each([
  ['with persistence a killed server comes back with all it had', true, 'x'],
  ['without, a killed server comes back empty', false, null],
])('%s', async (_, persistent, value) => {
  const server = await start({ persistent })
  await server.command('SET', 'a', 'x')
  await server.kill()
  await expect(server.command('PING')).rejects.toThrow()
  await server.restart()
  expect(await server.command('GET', 'a')).toBe(value)
})

test('a server whose port is taken by another one does not start', async () => {
  const [first, second] = [await start(), await start()]
  await second.kill()
  Object.assign(second, { port: first.port })
  await expect(second.restart()).rejects.toThrow('Address already in use')
})

test('a frozen server answers when it continues', async () => {
  const server = await start()
  server.freeze()
  const answer = server.command('PING')
  const first = await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 100, 'nothing'))])
  expect(first).toBe('nothing')
  server.thaw()
  expect(await answer).toBe('PONG')
})

test('a replica has the data of its master', async () => {
  const master = await start()
  const replica = await start({ replicaOf: master.port })
  await master.command('SET', 'a', 'x')
  await eventually('the replica', async () => (await replica.command('GET', 'a')) === 'x')
})

test('reports the commands that it received', async () => {
  const server = await start()
  await server.command('SET', 'a', 'x')
  const commands = await server.commandsDuring(async () => {
    await server.command('GET', 'a')
    await server.command('XRANGE', 'b', '-', '+', 'COUNT', 5)
  })
  expect(commands.filter(([name]) => ['SET', 'GET', 'XRANGE'].includes(name ?? ''))).toEqual([
    ['GET', 'a'],
    ['XRANGE', 'b', '-', '+', 'COUNT', '5'],
  ])
})
