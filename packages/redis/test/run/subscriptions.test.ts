import { setImmediate as turn } from 'node:timers/promises'
import { Subscriptions } from '../../src/run/subscriptions.ts'

/** Like node-redis: it forgets what is subscribed to while it still unsubscribes from the same channel. */
class FakeConnection {
  readonly opened = Promise.resolve()
  readonly channels = new Map<string, (text: string) => void>()
  readonly commands: string[] = []
  send = () => Promise.reject(new Error('not used'))
  close = () => {}

  async subscribe(channel: string, listener: (text: string) => void): Promise<void> {
    this.commands.push(`subscribe ${channel}`)
    this.channels.set(channel, listener)
    await turn()
  }

  async unsubscribe(channel: string): Promise<void> {
    this.commands.push(`unsubscribe ${channel}`)
    await turn()
    this.channels.delete(channel)
  }
}

async function settle(): Promise<void> {
  for (let turns = 0; turns < 10; turns++) await turn()
}

test('a channel that loses its listener and gets another in the same turn still gets its messages', async () => {
  const connection = new FakeConnection()
  const subscriptions = new Subscriptions(() => connection, 1_000)
  const leave = subscriptions.listen('a', () => {})
  await settle()
  const texts: (string | undefined)[] = []
  leave()
  subscriptions.listen('a', (text) => texts.push(text))
  await settle()
  connection.channels.get('a')?.('news')
  expect(texts).toEqual([undefined, 'news'])
})

test('a channel that loses its listener while it is being subscribed to is unsubscribed in the end', async () => {
  const connection = new FakeConnection()
  const subscriptions = new Subscriptions(() => connection, 1_000)
  subscriptions.listen('a', () => {})()
  await settle()
  expect(connection.commands).toEqual(['subscribe a', 'unsubscribe a'])
  subscriptions.close()
})
