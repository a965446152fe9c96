import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const page = readFileSync(join(__dirname, '../../docs/proxies.md'), 'utf8')

/**
 * The first block in `language` under the heading `section` of docs/proxies.md: the tested settings are those that
 * users copy.
 */
export function settingsOnPage(section: string, language: string): string {
  const [text = ''] = page.split(`\n## ${section}\n`)[1]?.split('\n## ') ?? []
  const block = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'ms').exec(text)?.[1]
  if (block === undefined) throw new Error(`docs/proxies.md has no ${language} block under "${section}"`)
  return block
}
