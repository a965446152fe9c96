import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHub } from '@downstream/core'
import { eventually } from '@downstream/testing'
import { Redis } from 'ioredis'
import { freePorts } from '../../../../scripts/free-ports.mjs'
import { partPath } from '../../../../scripts/test-parts.mjs'
import { RedisLog } from '../../src/index.ts'
import { RedisServer } from '../harness/redis-server.ts'

test('with sentinels of ioredis, the log continues at the master that they have chosen', async () => {
  const master = await RedisServer.start()
  const replica = await RedisServer.start({ replicaOf: master.port })
  const [port, directory] = [await freePorts(), await mkdtemp(join(tmpdir(), 'downstream-sentinel-'))]
  const config = join(directory, 'sentinel.conf')
  await writeFile(
    config,
    `port ${port}
bind 127.0.0.1
dir ${directory}
sentinel monitor mymaster 127.0.0.1 ${master.port} 1
sentinel down-after-milliseconds mymaster 500
sentinel failover-timeout mymaster 2000
`,
  )
  const sentinel = spawn(partPath('redis-server') as string, [config, '--sentinel'], { stdio: 'ignore' })
  const client = new Redis({ sentinels: [{ host: '127.0.0.1', port }], name: 'mymaster', lazyConnect: true })
  const hub = createHub({ log: new RedisLog(client, { timeout: 1_000 }), onError() {} })
  try {
    await hub.ready()
    await hub.publish('c', { data: 1 })
    const asked = new Redis(port, '127.0.0.1', { lazyConnect: true })
    await eventually('the sentinel knowing the replica', async () => {
      return ((await asked.call('SENTINEL', ['REPLICAS', 'mymaster'])) as unknown[]).length === 1
    })
    asked.disconnect()
    await master.kill()
    await eventually('a publish at the new master', () =>
      hub.publish('c', { data: 2 }).then(
        () => true,
        () => false,
      ),
    )
    await eventually('the log is up', () => hub.stats().log === 'up')
    expect(Number(await replica.command('XLEN', 'downstream:log'))).toBeGreaterThan(0)
  } finally {
    await hub.close()
    client.disconnect()
    const exited = once(sentinel, 'exit')
    sentinel.kill('SIGKILL')
    await Promise.all([exited, master.close(), replica.close()])
    await rm(directory, { recursive: true, force: true })
  }
})
