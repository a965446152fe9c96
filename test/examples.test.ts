import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const examples = fileURLToPath(new URL('../examples', import.meta.url))

test('each is in the gallery', () => {
  const gallery = readFileSync(new URL('../docs/examples.md', import.meta.url), 'utf8')
  const shown = [...gallery.matchAll(/\*\*\[.+?\]\(\.\.\/examples\/(.+?)\/README\.md\)\*\*/g)].map(
    ([, name]) => name,
  )
  expect([...shown, 'tour'].sort()).toEqual(readdirSync(examples))
})

test('both clocks serve the same page', () => {
  expect(readPage('fastify-clock')).toEqual(readPage('express-clock'))
})

test('both clocks have the same source of events', () => {
  expect(readTicks('express-clock')).toContain('yield')
  expect(readTicks('fastify-clock')).toBe(readTicks('express-clock'))
})

function readPage(example: string): string[][] {
  const directory = `${examples}/${example}/public`
  return readdirSync(directory).map((file) => [file, readFileSync(`${directory}/${file}`, 'utf8')])
}

function readTicks(example: string): string | undefined {
  const server = readFileSync(`${examples}/${example}/src/server.ts`, 'utf8')
  return /^const tickMs.*^function status.*?^}$/ms.exec(server)?.[0]
}
