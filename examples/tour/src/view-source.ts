import { readFile } from 'node:fs/promises'

export interface Excerpt {
  file: string
  /** The number of its first line in the file. */
  line: number
  code: string
}

/** The regions that "view source" of a panel shows, as file#region. */
const regions: Record<string, string[]> = {
  clock: ['panels/clock.ts#clock', 'express.ts#events', 'fastify.ts#events'],
  notifications: [
    'panels/notifications.ts#notifications',
    'express.ts#notifications',
    'fastify.ts#notifications',
  ],
  chat: ['panels/chat.ts#chat', 'express.ts#chat', 'fastify.ts#chat'],
  stocks: ['panels/stocks.ts#stocks', 'express.ts#events', 'fastify.ts#events'],
  stats: ['panels/stats.ts#stats', 'express.ts#events', 'fastify.ts#events'],
  match: ['panels/match.ts#match', 'express.ts#events', 'fastify.ts#events'],
  jokes: ['panels/jokes.ts#jokes', 'express.ts#jokes', 'fastify.ts#jokes'],
  news: ['panels/news.ts#news', 'express.ts#news', 'fastify.ts#news'],
  job: ['panels/job.ts#job', 'express.ts#job', 'fastify.ts#job'],
  tokens: ['panels/tokens.ts#tokens', 'express.ts#tokens', 'fastify.ts#tokens'],
  wire: ['hub.ts#hub', 'express.ts#events', 'fastify.ts#events'],
}

/** Read for each request, so that it is the current file. undefined: there is no such panel. */
export async function viewSource(panel: string): Promise<Excerpt[] | undefined> {
  if (!Object.hasOwn(regions, panel)) return undefined
  return Promise.all((regions[panel] ?? []).map(readRegion))
}

async function readRegion(place: string): Promise<Excerpt> {
  const [file = '', region] = place.split('#')
  const lines = (await readFile(new URL(file, import.meta.url), 'utf8')).split('\n')
  const start = lines.findIndex((line) => line.trim() === `// #region ${region}`) + 1
  const end = lines.findIndex((line, index) => index > start && line.trim() === '// #endregion')
  if (start === 0 || end === -1) throw new Error(`src/${file} has no region ${region}`)
  const found = lines.slice(start, end)
  const indentation = Math.min(...found.filter((line) => line !== '').map((line) => line.search(/\S/)))
  const code = found.map((line) => line.slice(indentation)).join('\n')
  return { file: `src/${file}`, line: start + 1, code }
}
