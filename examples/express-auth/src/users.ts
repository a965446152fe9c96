import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const derive = promisify<string, Buffer, number, Buffer>(scrypt)

/** Use your database here. It never stores a password, only its hash. */
const users = new Map([
  ['ada', await hash('lovelace')],
  ['grace', await hash('hopper')],
])

/** The hash of an unknown password: an immediate answer would reveal that the user does not exist. */
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
