import { createHub } from '../../src/hub/create-hub.ts'
import type { Hub } from '../../src/hub/hub.ts'

/** The compiler checks that it has all names of the interface. */
const names: Record<keyof Hub, true> = {
  channels: true,
  close: true,
  count: true,
  cursor: true,
  disconnect: true,
  events: true,
  keys: true,
  publish: true,
  ready: true,
  stats: true,
  subscribe: true,
}

// The hub itself was the follower of the log: an app could call hub.reset(), and every client got a gap. What is not in
// the interface must not be reachable by name, on the hub or on its prototypes.
test('a hub has the names of its interface, and no others', () => {
  const found = new Set<string | symbol>()
  for (
    let object = createHub() as object;
    object !== Object.prototype;
    object = Object.getPrototypeOf(object)
  )
    for (const name of Reflect.ownKeys(object)) found.add(name)
  found.delete('constructor')
  expect([...found].sort()).toEqual(Object.keys(names))
})

test('the result of stats() is a copy, which changes nothing in the hub', () => {
  const hub = createHub()
  Object.assign(hub.stats(), { published: 7 })
  expect(hub.stats().published).toBe(0)
})
