import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { examples } from '../scripts/copy-example.mjs'
import { bundledServer } from './browser/bundled-server.ts'
import { root } from './snippet-project.ts'

test('every example is in the gallery', () => {
  const gallery = readFileSync(`${root}/docs/examples.md`, 'utf8')
  const shown = [...gallery.matchAll(/\*\*\[.+?\]\(\.\.\/examples\/(.+?)\/README\.md\)\*\*/g)].map(
    ([, name]) => name,
  )
  expect([...shown, 'tour'].sort()).toEqual(examples)
})

// The other examples start like one of the clocks, except scale-out, which has its own test.
test.each([
  ['express-clock', 'Cannot listen on port'],
  ['fastify-clock', 'Cannot listen on port'],
  ['tour', 'Port'],
])('%s says what to do when its port is taken', async (example, message) => {
  const taken = createServer().listen(0, 'localhost')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  try {
    const cwd = `${root}/examples/${example}`
    const { stderr, status } = spawnSync(process.execPath, [await bundledServer(`${cwd}/src/server.ts`)], {
      cwd,
      env: { ...process.env, PORT: String(port) },
      encoding: 'utf8',
    })
    expect(stderr).toMatch(new RegExp(`${message} ${port}\\b.*PORT=\\d+ npm start`))
    expect(status).not.toBe(0)
  } finally {
    taken.close()
  }
})

test.each(examples.filter((example) => !['scale-out', 'tour'].includes(example)))(
  'the server of %s says so when it cannot listen on its port',
  (example) => {
    const [server = ''] = readdirSync(`${root}/examples/${example}/src`).filter((file) =>
      /^server\.[jt]s$/.test(file),
    )
    const source = readFileSync(`${root}/examples/${example}/src/${server}`, 'utf8')
    expect(source).toMatch(
      /listen\((port, \(error\) => \{\s+if \(error\)|\{ port.*\)\.catch\(\(cause\) => \{)\s+throw new Error\(`Cannot listen on/,
    )
  },
)

test('both clocks serve the same page', () => {
  expect(readPage('fastify-clock')).toEqual(readPage('express-clock'))
})

test('both clocks have the same source of events', () => {
  expect(readTicks('express-clock')).toContain('yield')
  expect(readTicks('fastify-clock')).toBe(readTicks('express-clock'))
})

test.each(['public/app.js', 'src/chats.ts', 'src/model.ts'])('both AI chats have the same %s', (file) => {
  const read = (example: string) => readFileSync(`${root}/examples/${example}/${file}`, 'utf8')
  expect(read('fastify-chat-ai')).toBe(read('express-chat-ai'))
})

function readPage(example: string): string[][] {
  const directory = `${root}/examples/${example}/public`
  return readdirSync(directory).map((file) => [file, readFileSync(`${directory}/${file}`, 'utf8')])
}

function readTicks(example: string): string | undefined {
  const server = readFileSync(`${root}/examples/${example}/src/server.ts`, 'utf8')
  return /^const tickMs.*^function status.*?^}$/ms.exec(server)?.[0]
}
