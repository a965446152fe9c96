import { showState } from './show-state.js'

const source = new EventSource('events')
const show = (id, text) => {
  document.querySelector(id).textContent = text
}

source.addEventListener('open', () => showState('open'))
source.addEventListener('error', () => {
  showState(source.readyState === EventSource.CLOSED ? 'closed' : 'reconnecting')
})
source.addEventListener('tick', async ({ data }) => {
  show('#tick', data)
  const response = await fetch('metrics')
  const lines = (await response.text()).split('\n')
  show('#metrics', lines.filter((line) => line.startsWith('sse_') && !line.includes('_bucket')).join('\n'))
})
