import { get } from 'node:http'
import { eventually } from '@downstream/testing'
import type { HubNode } from './harness/hub-node.ts'
import { onStage } from './harness/stage.ts'

/** A stream of a node; its key is the path. */
function open({ origin }: HubNode, key: string) {
  const stream = { text: '', ended: false }
  get(origin + key, { agent: false }, (res) => {
    res.setEncoding('utf8').on('data', (text) => {
      stream.text += text
    })
    res.on('end', () => {
      stream.ended = true
    })
  })
  return stream
}

test(
  'hub.disconnect(key) closes the streams of the key in all processes, after what was published before',
  onStage('ioredis 6', async (stage) => {
    const redis = await stage.redis()
    const [a, b] = [await stage.node(redis), await stage.node(redis)]
    const [here, there, other] = [open(a, '/ann'), open(b, '/ann'), open(b, '/bob')]
    await eventually('all are open', () =>
      [here, there, other].every(({ text }) => text.includes('bookmark')),
    )
    void a.hub.publish('news', { data: { by: 'a', n: 0 } })
    await a.hub.disconnect('/ann')
    await eventually('both are closed', () => here.ended && there.ended)
    expect([here.text, there.text]).toEqual(Array(2).fill(expect.stringContaining('"n":0')))
    expect(other.ended).toBe(false)
  }),
)

test(
  'hub.disconnect(key) while Redis is unreachable closes the streams here at once, the others before anything later',
  onStage('ioredis 6', async (stage) => {
    const redis = await stage.redis()
    const [a, b] = [await stage.node(redis), await stage.node(redis)]
    const [here, there, other] = [open(a, '/ann'), open(b, '/ann'), open(b, '/bob')]
    await eventually('all are open', () =>
      [here, there, other].every(({ text }) => text.includes('bookmark')),
    )
    for (const { proxy } of [a, b]) {
      proxy.refuse()
      proxy.cut()
    }
    await eventually('Redis is down', () => [a, b].every(({ states }) => states.at(-1) === 'down'))
    const disconnected = a.hub.disconnect('/ann')
    await eventually('it is closed here', () => here.ended)
    expect(there.ended).toBe(false)
    await Promise.all([a.proxy.accept(), b.proxy.accept()])
    await disconnected
    await a.hub.publish('news', { data: { by: 'a', n: 1 } })
    await eventually('it is closed there', () => there.ended)
    await eventually('the later event', () => other.text.includes('"n":1'))
    expect(there.text).not.toContain('"n":1')
  }),
)
