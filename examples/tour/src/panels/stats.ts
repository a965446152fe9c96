import type { Server } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { hub } from '../hub.ts'
import { every } from '../tempo.ts'

export interface Stats {
  /** In ms since 1970. */
  time: number
  /** Open connections, by framework. */
  connections: Record<string, number>
  /** Since the last statistics, on both servers. */
  requests: number
  uptimeSeconds: number
  /** The 99th percentile of the event loop delay since the last statistics, in ms. */
  loopDelay: number
  memoryBytes: number
  /** Streams that follow the hub, and events that it has passed to them. */
  streams: number
  delivered: number
}

export type StatsEvents = { stats: Stats }

const connections: Record<string, number> = {}
let requests = 0

/** The newest, the oldest first. */
export const latestStats: Stats[] = []

// #region stats
const loop = monitorEventLoopDelay({ resolution: 10 })

export function startStats(): void {
  loop.enable()
  every(1000, () => {
    const { streams, delivered } = hub.stats()
    const stats = {
      time: Date.now(),
      connections: { ...connections },
      requests,
      uptimeSeconds: Math.floor(process.uptime()),
      loopDelay: Math.max(0, loop.percentile(99) / 1e6 - 10),
      memoryBytes: process.memoryUsage.rss(),
      streams,
      delivered,
    }
    requests = 0
    loop.reset()
    latestStats.push(stats)
    if (latestStats.length > 90) latestStats.shift()
    hub.publish('stats', { event: 'stats', data: stats })
  })
}
// #endregion

/** Counts the server's connections and requests from now on. */
export function countOn(framework: string, server: Server): void {
  let open = 0
  const count = (change: number) => {
    open += change
    connections[framework] = open
  }
  count(0)
  server.on('connection', (socket) => {
    count(1)
    socket.once('close', () => count(-1))
  })
  server.on('request', () => requests++)
}
