import { Chat } from '@ai-sdk/react'
import { DefaultChatTransport, type UIMessage } from 'ai'
import { createRoot } from 'react-dom/client'
import { Conversation } from './conversation.tsx'

// With the chat in its address, the page finds it again after a reload, and another tab finds the same.
const id = new URLSearchParams(location.search).get('chat') ?? Math.random().toString(36).slice(2)
history.replaceState(null, '', `?${new URLSearchParams({ chat: id })}`)

// Given to useChat({ transport }) instead, the SDK (6.0.325) forgets that a resumed answer comes from its beginning, and shows
// the part that it has twice.
const chat = new Chat<UIMessage>({
  id,
  messages: await (await fetch(`api/chat/${id}`)).json(),
  transport: new DefaultChatTransport({
    api: 'api/chat',
    // The server has the others.
    prepareSendMessagesRequest: ({ id, messages }) => ({ body: { id, message: messages.at(-1) } }),
  }),
})
createRoot(document.getElementById('root') as HTMLElement).render(<Conversation chat={chat} />)
