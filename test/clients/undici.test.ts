import type { EventStream } from '@downstream/core'
import { EventSource } from 'undici'
import { type ClientJournal, eventSourceSuite, report } from './event-source-suite.ts'
import { Journal } from './journal.ts'
import { closeServers, servers } from './servers.ts'

eventSourceSuite((url, journal) => report(new EventSource(url), journal), { appliesRetryAlone: false })

// Unlike the standard: undici 7 applies a retry only at the next blank line.
test.each(servers)('a retry alone at the end of a stream is ignored, from $server', async ({ start }) => {
  const streams = new Journal<EventStream>()
  const server = await start({ '/events': (sse) => streams.add(sse({ retry: 1 })) })
  const journal: ClientJournal = new Journal()
  const source = report(new EventSource(`${server.url}/events`), journal)
  try {
    const first = await streams.at(0)
    await first.send({ retry: 60_000 })
    first.close()
    await streams.at(1)
  } finally {
    source.close()
    await closeServers()
  }
})
