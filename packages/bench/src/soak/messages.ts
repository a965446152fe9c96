import type { HubStats, StreamStats } from '@downstream/core'

/** How an app of the soak is started. */
export interface AppOptions {
  framework: 'express' | 'fastify'
  port: number
  http2Port?: number
  /** Undefined: a log in memory. */
  redisPort?: number
  /** The channels on which it publishes, and the first number of each. */
  channels: [channel: string, from: number][]
  /** The approximate time between two events of a channel, in ms. */
  pace: number
}

/** Messages of the parent to an app. */
export type ToApp = 'stop publishing' | 'report' | 'close'

/** The state of an app. Memory in bytes; resources are those that keep the event loop alive, by type. */
export interface AppState {
  rss: number
  heap: number
  resources: Record<string, number>
  streams: StreamStats
  hub: HubStats
}

/** Messages of an app to its parent. */
export type AppReport =
  | { ready: true }
  | { published: [channel: string, number: number, confirmed: boolean] }
  | { state: AppState }

/** How the clients are started. */
export interface ClientsOptions {
  count: number
  targets: Target[]
  /** The approximate duration of a connection, in ms. */
  life: number
}

/** Apps that share a log. */
export interface Target {
  ports: number[]
  http2Port?: number
  channels: string[]
}

/** Messages of the parent to the clients. */
export type ToClients = { published: [channel: string, number: number, confirmed: boolean][] } | 'finish'

/** Messages of the clients to their parent. */
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
