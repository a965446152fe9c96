import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { hub } from './hub.ts'

const texts = [
  'Lighthouse keeper reports clear nights all week',
  'Night train reaches the coast an hour early',
  'Library lends its ten-millionth book',
  'Old bridge reopens to cyclists',
  'Choir of retired sailors wins first prize',
  'Baker finds a recipe from 1741 behind the oven',
  'Storks return to the chimney of the power station',
]

/**
 * Publishes numbered news until the signal aborts. When Redis does not answer, a failed publish may be in the log or
 * not: only `confirmed` ones may be missed. One at a time, so that the next one shows whether the previous one was
 * confirmed.
 */
export async function publishNews(intervalMs: number, signal: AbortSignal): Promise<void> {
  const run = randomUUID()
  let confirmed = 0
  for (let number = 1; !signal.aborted; number++) {
    const text = texts[number % texts.length] as string
    try {
      await hub.publish('news', { event: 'news', data: { run, number, confirmed, text } })
      confirmed = number
    } catch {
      // The hub reports it.
    }
    await sleep(intervalMs, undefined, { signal }).catch(() => {})
  }
}
