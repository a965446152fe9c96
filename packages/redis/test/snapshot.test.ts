import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHub, openEventStream } from '@downstream/core'
import { eventually, RawClient } from '@downstream/testing'
import { RedisLog } from '../src/redis-log.ts'
import { type OpenedClient, redisClients } from './harness/redis-clients.ts'
import { RedisServer } from './harness/redis-server.ts'

test('a client gets the state from any process, and again when Redis has lost its cursor', async () => {
  const redis = await RedisServer.start()
  const state: Record<string, number> = { a: 1 }
  const readState = () => ({ ...state })
  const apps: OpenedClient[] = []
  const hubs = [1, 2].map(() => {
    const opened = redisClients['ioredis 6'](redis.port)
    apps.push(opened)
    const { client } = opened
    return createHub({ log: new RedisLog(client, { key: 'table', maxLength: 100 }), tail: { length: 10 } })
  })
  await Promise.all(hubs.map((hub) => hub.ready()))
  const server = createServer((req, res) => {
    hubs[Number(req.url?.slice(1))]?.subscribe(openEventStream(req, res), 'table', { snapshot: readState })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const open: RawClient[] = []
  const connect = async (process: number, lastEventId?: string) => {
    const client = await RawClient.connect(origin)
    open.push(client)
    client.get(`/${process}`, lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId })
    return client
  }
  const set = (key: string, value: number) => {
    state[key] = value
    return hubs[0]?.publish('table', { event: 'set', data: { [key]: value } })
  }
  try {
    const first = await connect(1)
    await first.receives('data: {"table":{"a":1}}\n\n')
    const cursor = await set('a', 2)
    await first.receives('data: {"a":2}\n\n')
    expect(first.events.map(({ event }) => event)).toEqual(['snapshot', 'set'])
    // Far more than Redis keeps, because it trims in whole nodes.
    for (let n = 0; n < 600; n++) await set('b', n)
    await eventually('both hubs', () => hubs.every((hub) => hub.stats().published === 601))
    const again = await connect(0, cursor)
    await again.receives('data: {"table":{"a":2,"b":599}}\n\n')
    expect(again.events.map(({ event }) => event)).toEqual(['snapshot'])
  } finally {
    for (const client of open) client.close()
    await Promise.all(hubs.map((hub) => hub.close()))
    for (const app of apps) app.close()
    server.close()
    await redis.close()
  }
})
