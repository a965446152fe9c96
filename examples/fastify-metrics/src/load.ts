// `npm run load`: clients that connect and disconnect, so that the curves change. CLIENTS=50, URL=http://localhost:3001.
const url = `${process.env.URL || 'http://localhost:3001'}/events`
const clients = Number(process.env.CLIENTS || 50)

async function comeAndGo(): Promise<never> {
  for (;;) {
    const leaving = AbortSignal.timeout(500 + Math.floor(Math.random() * 20_000))
    try {
      const { body } = await fetch(url, { signal: leaving, headers: { Accept: 'text/event-stream' } })
      if (body !== null) for await (const _chunk of body);
    } catch {
      // It has disconnected, or the server is not running.
    }
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 2000))
  }
}

await Promise.all(Array.from({ length: clients }, comeAndGo))
