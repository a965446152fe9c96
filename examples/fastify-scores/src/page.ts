import type { Incident, Match } from './league.ts'

interface PageContent {
  matches: readonly Match[]
  /** Id of the one match to show; undefined: all. */
  only: number | undefined
  /** The events of the page start after this. */
  cursor: string
}

/** For the templates that the script of the page fills in. */
const blank: Incident = { id: 0, type: 'goal', minute: 0, text: '', result: '' }

export function renderPage({ matches, only, cursor }: PageContent): string {
  const shown = matches.filter(({ id }) => only === undefined || id === only)
  const goals = shown
    .flatMap(({ incidents }) => incidents.filter(({ type }) => type === 'goal'))
    .sort((a, b) => b.id - a.id)
    .slice(0, 3)
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Scores</title>
    <link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16' fill='none' stroke='%230e8a6d' stroke-width='2' stroke-linejoin='round'%3E%3Ccircle cx='8' cy='8' r='7'/%3E%3Cpath d='M8 5l3 2.2-1.1 3.4H6.1L5 7.2z'/%3E%3C/svg%3E">
    <link rel="stylesheet" href="base.css">
    <link rel="stylesheet" href="style.css">
    <script type="module" src="app.js"></script>
  </head>
  <body data-state="connecting" data-cursor="${escapeHtml(cursor)}" data-only="${only ?? ''}">
    <header>
      <h1>Scores</h1>
      <p id="state" role="status">Connecting</p>
    </header>

    <p class="hint">Goals appear without a reload. Choose one pitch: the stream then carries only its events.</p>

    <nav aria-label="Matches">
      ${renderLink('All', './', only === undefined)}
      ${matches.map(({ id }) => renderLink(`Pitch ${id}`, `?match=${id}`, id === only)).join('\n      ')}
    </nav>

    <main>
      <section aria-labelledby="goals-heading">
        <h2 id="goals-heading">Latest goals</h2>
        <ol id="goals" aria-live="polite" aria-relevant="additions">${goals.map(renderGoal).join('')}</ol>
      </section>
      ${shown.map(renderMatch).join('\n      ')}
    </main>

    <template id="goal">${renderGoal(blank)}</template>
    <template id="incident">${renderIncident(blank)}</template>
  </body>
</html>
`
}

function renderLink(text: string, href: string, current: boolean): string {
  return `<a href="${href}"${current ? ' aria-current="page"' : ''}>${text}</a>`
}

function renderMatch({ id, round, teams, goals, clock, incidents }: Match): string {
  return `<section class="match" id="match-${id}" data-round="${round}" aria-label="Pitch ${id}">
        <p class="clock">${clock}</p>
        <h2><span class="home">${escapeHtml(teams[0])}</span> – <span class="away">${escapeHtml(teams[1])}</span></h2>
        <p class="goals">${goals.join('–')}</p>
        <ol class="incidents">${[...incidents].reverse().map(renderIncident).join('')}</ol>
      </section>`
}

function renderGoal({ id, minute, text, result }: Incident): string {
  return `<li data-id="${id}"><b class="result">${escapeHtml(result)}</b> <span class="text">${escapeHtml(text)}</span> <span class="minute">${minute}′</span></li>`
}

function renderIncident({ id, type, minute, text }: Incident): string {
  return `<li data-id="${id}" class="${type}"><span class="minute">${minute}′</span> <span class="mark"></span> <span class="text">${escapeHtml(text)}</span></li>`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
