// One process of an app: node --import tsx numbers-process.ts <port> <port of Redis>. Its hub is on Redis.
import { createServer } from 'node:http'
import { createHub, openEventStream } from '@downstream/core'
import { RedisLog } from '../../../redis/src/index.ts'
import { redisClients } from '../../../redis/test/harness/redis-clients.ts'
import { servePage } from './page.ts'

const [port, redisPort] = process.argv.slice(2).map(Number) as [number, number]
const { client, close } = redisClients['ioredis 6'](redisPort)
const hub = createHub<{ numbers: { number: number } }>({ log: new RedisLog(client) })

const server = createServer((req, res) => {
  if (req.url === '/events') hub.subscribe(openEventStream(req, res, { retry: 500 }), 'numbers')
  else servePage(req, res)
})

process.on('SIGTERM', async () => {
  await hub.close({ server, retry: 100 })
  close()
})
await hub.ready()
server.listen(port, '127.0.0.1', () => console.log('ready'))
