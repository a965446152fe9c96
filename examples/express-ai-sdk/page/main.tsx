import { Chat } from '@ai-sdk/react'
import { DefaultChatTransport, type UIMessage } from 'ai'
import { createRoot } from 'react-dom/client'
import { Conversation } from './conversation.tsx'

// With the chat in its address, the page finds it again after a reload, and so does another tab.
const id = new URLSearchParams(location.search).get('chat') ?? Math.random().toString(36).slice(2)
history.replaceState(null, '', `?${new URLSearchParams({ chat: id })}`)

// If it is passed as useChat({ transport }) instead, the SDK (6.0.325) does not know that a resumed answer starts at
// its beginning, and shows the part that it already has twice.
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
