import type { Message } from './history.ts'

/** The current page. Its events start after `cursor`. */
export function renderPage(messages: readonly Message[], cursor: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Chat</title>
    <link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16' fill='none' stroke='%230e8a6d' stroke-width='2' stroke-linejoin='round'%3E%3Cpath d='M1.5 2h13v9H7l-3.5 3v-3h-2z'/%3E%3C/svg%3E">
    <link rel="stylesheet" href="base.css">
    <link rel="stylesheet" href="style.css">
    <script type="module" src="app.js"></script>
  </head>
  <body data-state="connecting" data-cursor="${escapeHtml(cursor)}">
    <header>
      <h1>Chat</h1>
      <p id="state" role="status">Connecting</p>
    </header>

    <p class="hint">Open this page in <a href="." target="_blank">a second window</a> and write in both. Stop the server, write once more, start it again: nothing is lost or shown twice.</p>

    <main>
      <div id="log" role="log" aria-label="Messages" tabindex="0">
        <ol id="messages">${messages.map(renderMessage).join('')}</ol>
        <ol id="outbox" aria-label="Not sent yet" aria-live="off"></ol>
      </div>
    </main>

    <form id="form">
      <button id="newest" class="main" type="button" hidden>New messages ↓</button>
      <p id="problem" role="alert"></p>
      <label>Name <input id="name" required maxlength="40" autocomplete="nickname" placeholder="Who are you?"></label>
      <label>Message <input id="text" required maxlength="2000" autocomplete="off" enterkeyhint="send" placeholder="Say something"></label>
      <button class="main">Send</button>
    </form>

    <template id="message">${renderMessage({ id: 0, key: '', name: '', text: '', time: '' })}</template>
  </body>
</html>
`
}

function renderMessage({ id, name, text, time }: Message): string {
  return `<li data-id="${id}">
  <p class="head"><b class="name">${escapeHtml(name)}</b> <time datetime="${time}">${time.slice(11, 16)}</time></p>
  <p class="text">${escapeHtml(text)}</p>
</li>`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
