import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs'

export interface Message {
  /** Its number: 1, 2, 3 … */
  id: number
  /** Made by the sender, so that a message that is sent twice is known. */
  key: string
  name: string
  text: string
  time: string
}

const maxLength = 500

/** The newest messages. All of them are in a file, one a line. */
export class History {
  readonly messages: Message[]
  readonly #file: string

  constructor(file: string) {
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split(/(?<=\n)/) : []
    // A crash may have cut the last line short. Its sender has no answer yet, and sends it again.
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
    // Nobody is shown what is not in the file. Being synchronous, it keeps the order of file and events the same.
    appendFileSync(this.#file, `${JSON.stringify(message)}\n`)
    this.messages.push(message)
    if (this.messages.length > maxLength) this.messages.shift()
    return message
  }
}
