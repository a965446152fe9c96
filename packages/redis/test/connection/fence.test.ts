import { Fence } from '../../src/connection/fence.ts'

/** Greets as many servers as there are infos; returns what was sent. */
async function greet(...infos: (string | Error)[]): Promise<string[]> {
  const fence = new Fence()
  const sent: string[] = []
  for (const info of infos) {
    await fence.greet(async (args) => {
      sent.push(args.join(' '))
      if (info instanceof Error) throw info
      return args[1] === 'INFO' ? info : 0
    })
  }
  return sent
}

// The network still held a publish that had been rejected: it was stored after a newer one.
test('closes the previous connection at the server, before anything else is sent on the next one', async () => {
  const sent = await greet(
    'id=7 addr=127.0.0.1:5000 laddr=127.0.0.1:6379',
    'id=9 addr=127.0.0.1:5001',
    'id=11',
    'id=12 addr=127.0.0.1:5003',
  )
  expect(sent).toEqual([
    'CLIENT INFO',
    'CLIENT KILL ID 7 ADDR 127.0.0.1:5000',
    'CLIENT INFO',
    'CLIENT KILL ID 9 ADDR 127.0.0.1:5001',
    'CLIENT INFO',
    'CLIENT INFO',
  ])
})

test('closes none without the permission', async () => {
  const refused = new Error('NOPERM')
  expect(await greet(refused, refused)).toEqual(['CLIENT INFO', 'CLIENT INFO'])
  expect(await greet('id=7 addr=127.0.0.1:5000', refused, refused)).toEqual([
    'CLIENT INFO',
    'CLIENT KILL ID 7 ADDR 127.0.0.1:5000',
    'CLIENT INFO',
    'CLIENT INFO',
  ])
})
