import { Journal } from '../../../test/clients/journal.ts'
import { EventServer } from './event-server.ts'

test('with share, but without Web Locks, as on plain http, each tab connects by itself', async () => {
  Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true })
  // Loaded now, because it looks for the locks when it is loaded.
  const { connect } = await import('../src/index.ts')
  const server = await EventServer.start()
  const sources = [1, 2].map(() => connect(server.url, { share: true }))
  try {
    const received = new Journal<unknown>()
    for (const source of sources) source.on('message', (data) => received.add(data))
    for (const n of [0, 1]) (await server.requests.at(n)).stream(`data: ${n}\n\n`)
    expect((await received.first(2)).sort()).toEqual([0, 1])
  } finally {
    for (const source of sources) source.close()
    await server.close()
  }
})
