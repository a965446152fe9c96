/** What a visitor reads for the state of the page's connection. A state that is not here is shown as it is. */
const words = {
  open: 'Live',
  streaming: 'Live',
  polling: 'Live, by short requests',
  reconnecting: 'Connection lost, trying again',
  waiting: 'Connection lost, trying again',
  closed: 'Not connected',
  idle: 'Ready',
  'cut off': 'Connection lost',
  'no cookie': 'No cookie sent',
}

/**
 * Shows the state of the page's connection.
 * @param {string} state
 */
export function showState(state) {
  showStateIn(document.body, state)
}

/**
 * Shows the state of a connection in a part of the page.
 * @param {HTMLElement} part
 * @param {string} state
 */
export function showStateIn(part, state) {
  const label = part.querySelector('#state, .state')
  const text = words[state] ?? state[0].toUpperCase() + state.slice(1)
  // Write only a text that has changed: a screen reader would speak the same text at each failed attempt.
  if (label.textContent !== text) label.textContent = text
  part.dataset.state = state
}
