import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'

const findFaintBorders = readFileSync(`${__dirname}/find-faint-borders.js`, 'utf8')

/** What a visitor would stumble over on a page that has just opened; an empty list for a good one. */
export async function findFlaws(page: Page): Promise<string[]> {
  const flaws: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    const faint = await page.evaluate<string[]>(findFaintBorders)
    flaws.push(...faint.map((flaw) => `${colorScheme}: ${flaw}`))
  }
  const states = await page.locator(':is(#state, .state):visible').allTextContents()
  for (const state of states) if (technicalWords.has(state)) flaws.push(`it says "${state}"`)
  const hint = await page.locator(':is(.hint, .panel header b):visible').first().textContent()
  if (!/\w/.test(hint ?? '')) flaws.push('nothing says what to try')
  return flaws
}

/** Names in the code of our pages and of EventSource; a visitor would not understand them. */
const technicalWords = new Set(['connecting', 'open', 'reconnecting', 'waiting', 'closed', 'idle'])
