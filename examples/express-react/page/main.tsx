import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Poll } from './poll.tsx'

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <Poll />
  </StrictMode>,
)
