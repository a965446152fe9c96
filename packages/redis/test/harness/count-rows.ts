import type { RedisClient } from '../../src/index.ts'

type Call = (...args: unknown[]) => Promise<unknown>

/**
 * Calls `onRows` with the rows that Redis sends to a log for its reads: those that its followers get are not counted.
 *
 * @returns the same client, whose duplicates are watched from now on
 */
export function countRows(client: RedisClient, onRows: (count: number) => void): RedisClient {
  const { duplicate } = client
  return Object.assign(client, {
    duplicate: (...args: unknown[]) => watch(Reflect.apply(duplicate, client, args), onRows),
  })
}

function watch(connection: Record<string, Call>, onRows: (count: number) => void): unknown {
  const method = 'call' in connection ? 'call' : 'sendCommand'
  const send = connection[method] as Call
  let follows = false
  connection[method] = async (...args) => {
    const [command] = args.flat()
    if (command === 'XREAD') follows = true
    const reply = await Reflect.apply(send, connection, args)
    if (!follows && /^X(REV)?RANGE$/.test(String(command))) onRows((reply as unknown[]).length)
    return reply
  }
  return connection
}
