import type { EventsOf } from '@downstream/express'
import { useEffect, useState } from 'react'
import { showState } from '../public/show-state.js'
import type { hub, readTally, Tally } from '../src/poll.ts'
import { useEvents } from './use-events.ts'

type Events = EventsOf<typeof hub, 'poll', typeof readTally>

// One connection for all tabs: a browser opens six to one server, and the seventh tab would wait forever.
const options = { share: true }

export function Poll() {
  const { data: tally, state } = useEvents<Events, Tally>(
    'poll',
    { snapshot: ({ poll }) => poll, tally: (tally) => tally },
    options,
  )
  const [problem, setProblem] = useState('')

  useEffect(() => showState(state), [state])

  async function vote(answer: string) {
    const response = await fetch('votes', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ answer }),
    }).catch(() => undefined)
    setProblem(response?.ok ? '' : 'Your vote was not counted. Is the server running?')
  }

  return (
    <>
      <header>
        <h1>Where shall we go on Friday?</h1>
        <p id="state" role="status" />
      </header>
      <p className="hint">
        Open this page in{' '}
        <a href="." target="_blank" rel="noopener">
          a second window
        </a>{' '}
        and vote: both show it at once, over one connection.
      </p>
      <main>{tally && <Answers votes={tally.votes} onVote={vote} />}</main>
      <p className="problem" role="alert">
        {problem}
      </p>
    </>
  )
}

function Answers({ votes, onVote }: { votes: Tally['votes']; onVote: (answer: string) => void }) {
  const most = Math.max(1, ...Object.values(votes))
  return Object.entries(votes).map(([answer, count]) => (
    <section key={answer} aria-label={answer}>
      <h2>{answer}</h2>
      <progress value={count} max={most} aria-label={`Votes for ${answer}`} />
      <b>{count}</b>
      <button type="button" onClick={() => onVote(answer)} aria-label={`Vote for ${answer}`}>
        Vote
      </button>
    </section>
  ))
}
