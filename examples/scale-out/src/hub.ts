import { createHub } from '@downstream/core'
import { RedisLog } from '@downstream/redis'
import { Redis } from 'ioredis'

/** Numbered, so that the page can tell that nothing is missing: see news.ts. */
export interface News {
  /** Names the numbering: it begins anew when the newsroom does. */
  run: string
  /** 1, 2, 3 … */
  number: number
  /** The newest number in front of it that Redis has confirmed. */
  confirmed: number
  text: string
}

export interface Line {
  /** Made by the sender, so that a line that is sent again is known. */
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

// Only duplicates of the client are used. Lazy, it opens no connection itself, and none has to be closed.
const redis = new Redis(process.env.REDIS_URL || 'redis://localhost:6379', { lazyConnect: true })

/** Each process makes one. As they share a log, what is published in one reaches the pages of all. */
export const hub = createHub<{
  news: { news: News }
  chat: { line: Line }
  processes: { processes: ProcessStatus[] }
}>({ log: new RedisLog(redis, { key: 'scale-out' }) })
