import { type Chat, useChat } from '@ai-sdk/react'
import type { UIMessage } from 'ai'
import { useEffect, useState } from 'react'

export function Conversation({ chat }: { chat: Chat<UIMessage> }) {
  const [prompt, setPrompt] = useState('')
  // A question without an answer: the answer is on its way.
  const [resume] = useState(chat.messages.at(-1)?.role === 'user')
  const { messages, sendMessage, status, error, resumeStream } = useChat({ chat, resume })
  const answering = status === 'submitted' || status === 'streaming'
  // What fetch() fails with. The laptop was closed, or offline: the run goes on meanwhile.
  const lost = error instanceof TypeError

  useEffect(() => {
    if (!lost) return
    const timer = setInterval(resumeStream, 1000)
    return () => clearInterval(timer)
  }, [lost, resumeStream])

  return (
    <>
      <header>
        <h1>useChat that resumes</h1>
        <p id="state" role="status">
          {lost ? 'reconnecting' : answering ? 'answering' : error ? 'failed' : 'ready'}
        </p>
      </header>
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
