import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs'

export interface Message {
  /** Its number: 1, 2, 3 … */
  id: number
  /** Created by the sender, so that a repeated message is recognized. */
  key: string
  name: string
  text: string
  time: string
}

const maxLength = 500

/** The newest messages. A file contains all messages, one per line. */
export class History {
  readonly messages: Message[]
  readonly #file: string

  constructor(file: string) {
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split(/(?<=\n)/) : []
    // A crash may have cut the last line. Its sender has no response yet and sends it again.
    const whole = lines.filter((line) => line.endsWith('\n'))
    if (whole.length < lines.length) truncateSync(file, Buffer.byteLength(whole.join('')))
    this.messages = whole.slice(-maxLength).map((line) => JSON.parse(line))
    this.#file = file
  }

  find(key: string): Message | undefined {
    return this.messages.find((message) => message.key === key)
  }

  add({ key, name, text }: Pick<Message, 'key' | 'name' | 'text'>): Message {
    const id = (this.messages.at(-1)?.id ?? 0) + 1
    const message = { id, key, name, text, time: new Date().toISOString() }
    // A message is shown only once it is in the file. A synchronous write keeps file and events in the same order.
    appendFileSync(this.#file, `${JSON.stringify(message)}\n`)
    this.messages.push(message)
    if (this.messages.length > maxLength) this.messages.shift()
    return message
  }
}
