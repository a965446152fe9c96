import { createHub } from '@downstream/core'
import { RedisLog } from '@downstream/redis'
import { Redis } from 'ioredis'

/** Numbered, so that the page can check that nothing is missing: see news.ts. */
export interface News {
  /** Identifies the numbering, which starts again with the newsroom. */
  run: string
  /** 1, 2, 3 … */
  number: number
  /** The newest number before it that Redis has confirmed. */
  confirmed: number
  text: string
}

export interface Line {
  /** Created by the sender, so that a repeated line is recognized. */
  key: string
  text: string
  /** The process that published it. */
  via: string
}

export interface ProcessStatus {
  name: string
  state: 'starting' | 'up' | 'down'
  pid?: number | undefined
}

// Only duplicates of the client are used. With lazyConnect it opens no connection itself, so none must be closed.
const redis = new Redis(process.env.REDIS_URL || 'redis://localhost:6379', { lazyConnect: true })

/** Each process creates one. They share a log, so events published in one process reach the pages of all. */
export const hub = createHub<{
  news: { news: News }
  chat: { line: Line }
  processes: { processes: ProcessStatus[] }
}>({ log: new RedisLog(redis, { key: 'scale-out' }) })
