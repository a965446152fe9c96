import { hub } from '../hub.ts'

export interface Message {
  name: string
  text: string
  /** The framework that received it. */
  via: string
  time: string
}

export type ChatEvents = { message: Message }

/** The newest, the oldest first. */
export const messages: Message[] = []

// #region chat
/** False: it is not a message. */
export async function say(body: unknown, via: string): Promise<boolean> {
  const { name, text } = Object(body)
  if (!isText(name, 40) || !isText(text, 2000)) return false
  const message = { name: name.trim(), text: text.trim(), via, time: new Date().toISOString() }
  // First store it, then publish it: a page that loads in between gets it from one of the two.
  messages.push(message)
  messages.splice(0, messages.length - 50)
  await hub.publish('chat', { data: message })
  return true
}
// #endregion

export function startChat(): void {
  say({ name: 'Ada', text: 'What you write here\nappears on the other page as well.' }, 'Express')
  say({ name: 'Нина', text: 'Любой алфавит, several lines: καλημέρα, grüß Gott, مرحبا بكم' }, 'Fastify')
}

function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.trim() !== '' && value.length <= maxLength
}
