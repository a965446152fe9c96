export interface Headline {
  /** 1, 2, 3 …, so that missing ones are noticed. */
  number: number
  text: string
  time: string
}

interface PageContent {
  /** The newest first. */
  headlines: readonly Headline[]
  /** The events of the page start after this. */
  cursor: string
  /** For a browser that has none yet: identifies its connection. */
  key: string
}

export function renderPage({ headlines, cursor, key }: PageContent): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>News</title>
    <link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16' fill='none' stroke='%230e8a6d' stroke-width='2' stroke-linecap='round'%3E%3Crect x='1' y='2' width='14' height='12' rx='2'/%3E%3Cpath d='M4 6h8M4 10h5'/%3E%3C/svg%3E">
    <link rel="stylesheet" href="base.css">
    <link rel="stylesheet" href="style.css">
    <script type="module" src="app.js"></script>
  </head>
  <body data-state="connecting" data-cursor="${escapeHtml(cursor)}" data-key="${escapeHtml(key)}">
    <header>
      <h1>News</h1>
      <p id="state" role="status">Connecting</p>
    </header>

    <p class="hint">Cut the connection or go offline: the page counts what is missing and what is repeated. Both stay 0.</p>

    <main>
      <section aria-labelledby="connection-heading">
        <h2 id="connection-heading">Connection</h2>
        <dl>
          <div><dt>Received</dt><dd id="received">–</dd></div>
          <div><dt>Missing</dt><dd id="missing">–</dd></div>
          <div><dt>Repeated</dt><dd id="repeated">–</dd></div>
          <div class="wide"><dt>Last event ID</dt><dd id="last-event-id">${escapeHtml(cursor)}</dd></div>
        </dl>
        <p class="buttons">
          <button id="cut" type="button">Cut my connection</button>
          <button id="offline" type="button">Go offline for 10 s</button>
          <button id="reload" type="button">Reload the page</button>
        </p>
      </section>

      <section aria-labelledby="headlines-heading">
        <h2 id="headlines-heading">Headlines</h2>
        <ol id="headlines" aria-live="polite" aria-relevant="additions">${headlines.map(renderHeadline).join('')}</ol>
      </section>
    </main>

    <template id="headline">${renderHeadline({ number: 0, text: '', time: '' })}</template>
  </body>
</html>
`
}

function renderHeadline({ number, text, time }: Headline): string {
  return `<li data-number="${number}">
  <span class="number">#${number}</span>
  <span class="text">${escapeHtml(text)}</span>
  <time datetime="${time}">${time.slice(11, 19)}</time>
</li>`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
