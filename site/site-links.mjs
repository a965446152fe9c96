import { existsSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** @import { MarkdownRenderer } from 'vitepress' */

/**
 * Makes links of the repository work on the site: links to other files lead to the repository, those
 * to a README.md to the folder's page, and those to the repository's own pages stay on the site.
 * @param {MarkdownRenderer} markdown
 * @param {string} root - of the repository
 * @param {string} repositoryUrl
 */
export function siteLinks(markdown, root, repositoryUrl) {
  const source = `${repositoryUrl}/blob/main/`
  markdown.core.ruler.push('site-links', ({ tokens, env }) => {
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === 'link_open' ? token.attrGet('href') : undefined
      if (href) token.attrSet('href', siteLink(href, relative(root, env.realPath ?? env.path)))
    }
  })

  /**
   * @param {string} href
   * @param {string} page
   */
  function siteLink(href, page) {
    const inSource = href.startsWith(source)
    if (/^(\w+:|#|\/)/.test(href) && !inSource) return href
    const [path = '', anchor] = (inSource ? `/${href.slice(source.length)}` : href).split('#')
    const file = decodeURIComponent(path.startsWith('/') ? path.slice(1) : join(dirname(page), path))
    const hash = anchor === undefined ? '' : `#${anchor}`
    if (page.startsWith('site/api/')) return href.replace('README.md', 'index.md')
    if (!file.endsWith('.md') || file.startsWith('packages/bench/')) {
      if (!existsSync(join(root, file))) throw new Error(`${page} links to ${href}, which does not exist.`)
      const kind = statSync(join(root, file)).isDirectory() ? 'tree' : 'blob'
      return `${repositoryUrl}/${kind}/main/${file}${hash}`
    }
    return `/${file.replace(/README\.md$/, 'index.md')}${hash}`
  }
}
