import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'

const client = new URL('../../dist/browser.js', import.meta.url)

/** Where a page starts: its number was the newest one, and later ones come after this id. */
interface Start {
  number: number
  after: string
}

/** Answers with a page that follows `/events`, with the client that it loads, or at `/other` with an empty page. */
export function servePage(req: IncomingMessage, res: ServerResponse, start?: Start): void {
  const { pathname } = new URL(String(req.url), 'http://localhost')
  if (pathname === '/client.js') {
    res.setHeader('Content-Type', 'text/javascript')
    res.end(readFileSync(client))
  } else {
    res.setHeader('Content-Type', 'text/html')
    res.end(pathname === '/other' ? '<!doctype html><title>Other</title>' : renderPage(start))
  }
}

/** Follows the events, with its query as options, and adds what it receives to `received`. */
function renderPage(start?: Start): string {
  return `<!doctype html>
<link rel="icon" href="data:,">
<title>Page</title>
<script type="module">
  import { connect } from '/client.js'
  window.received = []
  window.states = []
  const { tab, ...options } = Object.fromEntries(new URLSearchParams(location.search))
  for (const name in options) options[name] = JSON.parse(options[name])
  const start = ${JSON.stringify(start ?? null)}
  if (start) {
    options.after = start.after
    received.push(['snapshot', start.number])
  }
  window.source = connect('events', { retry: { min: 20 }, ...options })
  source.on('number', (number) => received.push(number))
  source.on('gap', ({ reason }) => received.push(['gap', reason]))
  source.onState((state, error) => states.push(error?.status ? state + ' ' + error.status : state))
</script>`
}
