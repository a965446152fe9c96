import cluster from 'node:cluster'
import type { EventLog } from '../log/event-log.ts'
import { MemoryLog } from '../log/memory-log.ts'
import { warnOnce } from '../process/caution.ts'

/**
 * Warns once when streams follow a MemoryLog in a worker of node:cluster, which includes pm2's cluster mode. Each
 * worker has a log of its own, so clients would silently miss what the other workers publish.
 */
export function warnOfLocalLog(log: EventLog): void {
  // pm2 passes the number of workers in this variable.
  if (!cluster.isWorker || process.env.instances === '1' || !(log instanceof MemoryLog)) return
  warnOnce(
    'SSE_LOCAL_LOG',
    'This hub keeps its events in a MemoryLog, and this process is one of several workers (node:cluster, or pm2 in ' +
      'cluster mode). Its streams do not receive what the other workers publish. Use createHub({ log: new ' +
      'RedisLog(redis) }) of @downstream/redis, or run one process.',
  )
}
