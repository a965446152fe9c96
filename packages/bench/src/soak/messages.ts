import type { HubStats, StreamStats } from '@downstream/core'

/** How an app of the soak is started. */
export interface AppOptions {
  framework: 'express' | 'fastify'
  port: number
  http2Port?: number
  /** Undefined: a log in memory. */
  redisPort?: number
  /** What it publishes on, and the number that each begins with. */
  channels: [channel: string, from: number][]
  /** In ms, about, between two events of a channel. */
  pace: number
}

/** What the parent tells an app. */
export type ToApp = 'stop publishing' | 'report' | 'close'

/** How an app is. Bytes; resources are those that keep the event loop going, by type. */
export interface AppState {
  rss: number
  heap: number
  resources: Record<string, number>
  streams: StreamStats
  hub: HubStats
}

/** What an app tells its parent. */
export type AppReport =
  | { ready: true }
  | { published: [channel: string, number: number, confirmed: boolean] }
  | { state: AppState }

/** How the clients are started. */
export interface ClientsOptions {
  count: number
  targets: Target[]
  /** In ms: how long a connection lives, about. */
  life: number
}

/** Apps that share a log. */
export interface Target {
  ports: number[]
  http2Port?: number
  channels: string[]
}

/** What the parent tells the clients. */
export type ToClients = { published: [channel: string, number: number, confirmed: boolean][] } | 'finish'

/** What the clients tell their parent. */
export interface ClientsReport {
  open: number
  connections: Record<string, number>
  events: number
  gaps: number
  runs: number
  /** At the end. */
  verdict?: { lost: number; twice: number; silent: number }
  notes?: string[]
}
