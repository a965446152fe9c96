import { element, showText } from '../element.js'
import { request } from '../request.js'

const states = {
  idle: 'Nobody has started it yet.',
  running: 'Running on the server. Reload the page: it continues.',
  done: 'Done. The album is ready.',
  cancelled: 'Cancelled.',
}
const button = element('job-button')

let running = false

export const channel = 'job'

export const events = {
  progress(event) {
    load(JSON.parse(event.data))
  },
}

export function load({ state, done, total, step }) {
  running = state === 'running'
  element('job-bar').value = done
  element('job-bar').max = total
  element('job-percent').textContent = `${Math.floor((done / total) * 100)} %`
  element('job-step').textContent = running ? `${step}, ${done} of ${total}` : ''
  showText('job-state', states[state])
  button.textContent = running ? 'Cancel' : state === 'idle' ? 'Start the job' : 'Start again'
}

button.onclick = () => request(running ? 'DELETE' : 'POST', 'job')
