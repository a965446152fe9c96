import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const derive = promisify<string, Buffer, number, Buffer>(scrypt)

/** This is where a database goes. It never holds a password, only what was made of it. */
const users = new Map([
  ['ada', await hash('lovelace')],
  ['grace', await hash('hopper')],
])

/** Whose password nobody knows. An answer that comes at once would tell that there is no such user. */
const nobody = await hash(randomBytes(16).toString('hex'))

export function isUser(name: unknown): name is string {
  return typeof name === 'string' && users.has(name)
}

export async function isPasswordOf(name: string, password: unknown): Promise<boolean> {
  if (typeof password !== 'string') return false
  const { key, salt } = users.get(name) ?? nobody
  return timingSafeEqual(key, await derive(password, salt, 32))
}

async function hash(password: string): Promise<{ salt: Buffer; key: Buffer }> {
  const salt = randomBytes(16)
  return { salt, key: await derive(password, salt, 32) }
}
