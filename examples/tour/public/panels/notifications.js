import { element, fromTemplate } from '../element.js'
import { request } from '../request.js'

const shown = 4
const list = element('notifications')

export const channel = 'notifications'

export const events = {
  info: onEvent,
  success: onEvent,
  warning: onEvent,
}

export function load(notifications) {
  list.replaceChildren()
  for (const { type, text } of notifications) show(type, text)
}

function onEvent(data, { event }) {
  show(event, data)
}

function show(type, data) {
  const [title, ...text] = data.split('\n')
  const item = fromTemplate('notification', { type, title, text: text.join('\n') })
  item.classList.add(type)
  list.prepend(item)
  while (list.children.length > shown) list.lastElementChild.remove()
}

for (const button of document.querySelectorAll('[data-notify]')) {
  button.onclick = () => request('POST', 'notifications', { type: button.dataset.notify })
}
