import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const examples = fileURLToPath(new URL('../examples', import.meta.url))

test('each is in the gallery', () => {
  const gallery = readFileSync(new URL('../docs/examples.md', import.meta.url), 'utf8')
  const shown = [...gallery.matchAll(/\*\*\[.+?\]\(\.\.\/examples\/(.+?)\/README\.md\)\*\*/g)].map(
    ([, name]) => name,
  )
  expect([...shown, 'tour'].sort()).toEqual(readdirSync(examples))
})

test('the base style sheet is the same wherever there is one, though each app has a copy to take along', () => {
  const sheets = readdirSync(examples)
    .map((example) => `${examples}/${example}/public/base.css`)
    .filter(existsSync)
  expect(sheets.length).toBeGreaterThan(1)
  expect(new Set(sheets.map((sheet) => readFileSync(sheet, 'utf8'))).size).toBe(1)
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
