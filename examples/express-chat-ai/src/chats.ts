import type { Redis } from 'ioredis'

export interface Message {
  id: string
  at: number
  prompt: string
  /** The time at which its run ended. */
  answer?: string
}

/** The messages of all chats. Use your database here: this is a Redis hash for each chat or, without Redis, memory. */
export class Chats {
  readonly #redis: Redis | undefined
  readonly #memory = new Map<string, Map<string, string>>()

  constructor(redis: Redis | undefined) {
    this.#redis = redis
  }

  async list(chat: string): Promise<Message[]> {
    const rows = this.#redis
      ? Object.values(await this.#redis.hgetall(keyOf(chat)))
      : [...(this.#memory.get(chat)?.values() ?? [])]
    return rows.map((row): Message => JSON.parse(row)).sort((one, other) => one.at - other.at)
  }

  async save(chat: string, message: Message): Promise<void> {
    const row = JSON.stringify(message)
    if (this.#redis) await this.#redis.hset(keyOf(chat), message.id, row)
    else this.#memory.set(chat, (this.#memory.get(chat) ?? new Map()).set(message.id, row))
  }
}

function keyOf(chat: string): string {
  return `chat:${chat}`
}
