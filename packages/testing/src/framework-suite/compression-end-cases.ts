import assert from 'node:assert/strict'
import type { SuiteCase } from './suite-case.ts'

const gzip = { headers: { 'Accept-Encoding': 'gzip' } }
const LONG = 'what comes again and again takes few bytes '.repeat(5)

/** The ends of compressed streams. */
export const compressionEndCases: SuiteCase[] = [
  {
    name: 'compression: the end is valid at a shutdown',
    async run(tools) {
      let open = 0
      const host = await tools.serve(
        ({ sse }) => {
          sse()
          open++
        },
        { compression: 'own' },
      )
      const client = await tools.open(gzip)
      await client.receives(':\n\n')
      await Promise.all([host.close(), client.ends()])
      assert.equal(client.error, undefined)
      assert.match(client.text, /retry: \d+\n\n$/)
      assert.equal(open, 1)
    },
  },
  {
    name: 'compression: the end is valid when other code ends the response',
    async run(tools) {
      await tools.serve(
        async ({ sse, response }) => {
          const stream = sse()
          await new Promise((resolve) => setTimeout(resolve, 50))
          stream.send('last')
          response.end()
        },
        { compression: 'own' },
      )
      const client = await tools.open(gzip)
      await client.ends()
      assert.equal(client.error, undefined)
      assert.deepEqual(client.data, ['last'])
    },
  },
  {
    name: 'compression: the response to a long poll is complete',
    async run(tools) {
      await tools.serve(({ sse }) => void sse().send(LONG), { compression: 'own' })
      const client = await tools.open({ headers: { ...gzip.headers, prefer: 'wait=20' } })
      assert.equal(client.headers['content-encoding'], 'gzip')
      assert.match(await client.ends(), /\nretry: 500\n\n$/)
      assert.equal(client.error, undefined)
      assert.deepEqual(client.data, [LONG])
    },
  },
  {
    name: 'compression: with abruptEnd what is buffered arrives, and then the connection is cut',
    async run(tools) {
      await tools.serve(async ({ sse, request }) => {
        const stream = sse({ compression: request.method === 'GET' ? 'shared' : 'own', abruptEnd: true })
        await stream.send('first')
        void stream.send(LONG)
        stream.close()
      })
      for (const method of ['GET', 'POST']) {
        const client = await tools.open({ method, ...gzip, ...(method === 'POST' && { body: {} }) })
        await client.ends()
        assert.deepEqual(client.data, ['first', LONG])
        assert.ok(!client.isComplete)
      }
    },
  },
]
