import { readFileSync } from 'node:fs'

/**
 * The sidebar: the groups and links of a page that lists the others, as docs/README.md does.
 * @param {string} file
 * @returns {{ text: string, items: { text: string, link: string }[] }[]}
 */
export function contents(file) {
  /** @type {ReturnType<typeof contents>} */
  const groups = []
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (/^\w/.test(line)) groups.push({ text: line, items: [] })
    for (const [, text = '', page = ''] of line.matchAll(/\[([^\]]+)\]\(([\w-]+)\.md\)/g)) {
      groups.at(-1)?.items.push({ text: text[0]?.toUpperCase() + text.slice(1), link: `/docs/${page}` })
    }
  }
  return groups
}
