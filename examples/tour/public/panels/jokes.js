import { element, showText } from '../element.js'
import { EventSourceConnection } from '../event-source-connection.js'

const button = element('jokes-button')
const bar = element('jokes-bar')
const calm = matchMedia('(prefers-reduced-motion: reduce)')

const stream = new EventSourceConnection('jokes', { path: 'jokes', events: { joke }, onState })

let told = 0

function joke(event) {
  const { text, retry } = JSON.parse(event.data)
  element('joke').textContent = text
  element('jokes-retry').textContent = `retry: ${retry}`
  element('jokes-told').textContent = `Joke ${++told}. The next in ${(retry / 1000).toFixed(1)} s.`
  // It starts again.
  for (const animation of bar.getAnimations()) animation.cancel()
  if (!calm.matches) bar.animate([{ scale: '1 1' }, { scale: '0 1' }], { duration: retry, fill: 'forwards' })
}

function onState(state) {
  button.textContent = state === 'stopped' ? 'Start' : 'Stop'
  // Between two jokes there is no connection: the browser waits for the given retry.
  const seen = state === 'reconnecting' ? 'waiting' : state
  showText('jokes-state', seen)
  element('jokes-state').dataset.state = seen
}

button.onclick = () => {
  if (stream.state === 'stopped') stream.start()
  else stream.stop()
}
