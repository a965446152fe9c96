/** A process that produces runs until it is killed: `producer.ts <port> <prefix> <lease> <how many>`. */
import { Redis } from 'ioredis'
import { RedisRunStore } from '../../src/index.ts'

const [, , port, prefix, lease, count] = process.argv
const store = new RedisRunStore(new Redis(Number(port), '127.0.0.1'), {
  prefix: String(prefix),
  lease: Number(lease),
})

async function produce(id: string): Promise<void> {
  const { claim } = await store.start(id, { ttl: 60_000, maxBytes: 1e6, replace: false, onRevoked() {} })
  for (let n = 1; ; n++) {
    await claim?.append([`data: ${n}\n\n`])
    process.send?.([id, n])
  }
}

for (let n = 0; n < Number(count); n++) void produce(`run ${n}`)
