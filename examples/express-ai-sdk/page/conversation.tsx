import { type Chat, useChat } from '@ai-sdk/react'
import type { UIMessage } from 'ai'
import { useEffect, useState } from 'react'
import { showState } from '../public/show-state.js'

export function Conversation({ chat }: { chat: Chat<UIMessage> }) {
  const [prompt, setPrompt] = useState('')
  // A question without an answer: the answer is still being generated.
  const [resume] = useState(chat.messages.at(-1)?.role === 'user')
  const { messages, sendMessage, status, error, resumeStream } = useChat({ chat, resume })
  const answering = status === 'submitted' || status === 'streaming'
  // The error of fetch() without a connection: the laptop was closed, or offline. The run continues meanwhile.
  const lost = error instanceof TypeError

  useEffect(() => {
    showState(lost ? 'reconnecting' : answering ? 'answering' : error ? 'failed' : 'idle')
  }, [lost, answering, error])

  useEffect(() => {
    if (!lost) return
    const timer = setInterval(resumeStream, 1000)
    return () => clearInterval(timer)
  }, [lost, resumeStream])

  return (
    <>
      <header>
        <h1>useChat that resumes</h1>
        <p id="state" role="status" />
      </header>
      <p className="hint">Ask something, then reload while it answers: the answer continues.</p>
      <main aria-label="Conversation">
        {messages.map(({ id, role, parts }) => (
          <p key={id} className={role}>
            {parts.map((part) => (part.type === 'text' ? part.text : ''))}
          </p>
        ))}
      </main>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (answering || prompt.trim() === '') return
          sendMessage({ text: prompt.trim() })
          setPrompt('')
        }}
      >
        <label htmlFor="prompt">Message</label>
        <div className="row">
          <input
            id="prompt"
            value={prompt}
            onChange={({ target }) => setPrompt(target.value)}
            autoComplete="off"
          />
          <button type="submit" className="main">
            Send
          </button>
          <button
            type="button"
            aria-disabled={!answering}
            onClick={() => fetch(`api/chat/${chat.id}/stream`, { method: 'DELETE' })}
          >
            Stop
          </button>
        </div>
      </form>
    </>
  )
}
