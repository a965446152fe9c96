import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitepress'
import { examples } from '../../scripts/copy-example.mjs'
import { contents } from '../contents.mjs'
import { siteLinks } from '../site-links.mjs'
import { slug } from '../slug.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { repository } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'))
const repositoryUrl = repository.url.replace(/^git\+|\.git$/g, '')
const apiSidebar = `${root}/site/api/typedoc-sidebar.json`

// The pages are the Markdown files of the repository, unchanged: nothing is written twice.
export default defineConfig({
  title: 'Downstream',
  description: 'Server-Sent Events for Express and Fastify. Live updates that survive a lost connection.',
  srcDir: root,
  srcExclude: ['.*/**', '**/dist/**', '**/test/**', 'packed/**', 'packages/bench/**'],
  rewrites: (page) => page.replace('site/', '').replace(/README\.md$/, 'index.md'),
  outDir: process.env.SITE_DIRECTORY ?? fileURLToPath(new URL('../dist', import.meta.url)),
  cleanUrls: false,
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  ignoreDeadLinks: 'localhostLinks',
  markdown: {
    // As on GitHub, so that a link to a heading works in both.
    anchor: { slugify: slug },
    config: (markdown) => siteLinks(markdown, root, repositoryUrl),
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Quick start', link: '/docs/quick-start' },
      { text: 'Why, and when not', link: '/docs/why' },
      { text: 'Docs', link: '/docs/' },
      { text: 'Examples', link: '/docs/examples' },
      { text: 'API', link: '/api/' },
    ],
    sidebar: {
      '/api/': existsSync(apiSidebar) ? JSON.parse(readFileSync(apiSidebar, 'utf8')) : [],
      '/': [
        ...contents(`${root}/docs/README.md`),
        {
          text: 'Examples',
          collapsed: true,
          items: examples.map((name) => ({ text: name, link: `/examples/${name}/` })),
        },
        {
          text: 'The project',
          items: [
            { text: 'Architecture', link: '/ARCHITECTURE' },
            { text: 'Contributing', link: '/CONTRIBUTING' },
            { text: 'Security', link: '/SECURITY' },
          ],
        },
      ],
    },
    socialLinks: [{ icon: 'github', link: repositoryUrl }],
  },
})
