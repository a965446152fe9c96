import type { Connection, ConnectionOwner } from './connection.ts'
import { createDeadline } from './deadline.ts'
import { ANSWER, GRACE, REMEMBERED, SILENCE } from './limits.ts'
import type { Block } from './parser.ts'
import type { SourceState } from './typed-event-source.ts'

interface LockManager {
  request(
    name: string,
    options: { steal?: boolean; signal?: AbortSignal },
    callback: () => Promise<void> | undefined,
  ): Promise<void>
}

/** Web Locks, if they are available: not on plain http, and not in all runtimes. */
export const locks: LockManager | undefined = (globalThis as { navigator?: { locks?: LockManager } })
  .navigator?.locks

/**
 * From the leader to all tabs: its term (which rises with each leader), its last event ID so far, perhaps a block, its
 * state, and how many events it has received. 0 asks the leader for such a message.
 */
type Message =
  | [term: number, id: string, block: Block | undefined, state: SourceState | undefined, received: number]
  | 0

/**
 * The tabs of a browser that share one connection. The holder of a lock leads: it has the connection, and broadcasts
 * what it receives. Every other tab catches up with a request of its own when it joins and when the leader changes, and
 * keeps the broadcasts that arrive meanwhile.
 */
export interface Tabs extends ConnectionOwner {
  join(): void
  /** Stops participating; another tab takes over. */
  leave(): void
  /** Checks that there is a leader, and that it is awake. */
  ask(): void
}

export function createTabs(
  name: string,
  connection: Connection,
  onBlock: ConnectionOwner['onBlock'],
  onState: ConnectionOwner['onState'],
): Tabs {
  const deadline = createDeadline()
  /** The newest events of this tab: at least those that a leader may broadcast again. */
  const seen: string[] = []
  let channel: InstanceType<typeof BroadcastChannel>
  let left: AbortController
  /** Ends the lead; undefined: another tab leads. */
  let release: (() => void) | undefined
  let term = 0
  let state: SourceState | undefined
  /** The messages that were broadcast during a catch-up. */
  let kept: Exclude<Message, 0>[] | undefined
  /** Those of the catch-up that has ended. */
  let caughtUp: typeof kept
  /** Whether events may arrive that this tab already has. Without an id, an equal one is another event. */
  let overlaps = false

  return {
    join() {
      left = new AbortController()
      channel = new BroadcastChannel(name)
      channel.onmessage = onMessage
      queue()
      ask()
    },
    leave() {
      left?.abort()
      channel?.close()
      deadline()
      term = 0
      kept = undefined
      release?.()
      release = undefined
    },
    ask,
    onBlock(block) {
      if (release) broadcast(block)
      take(block)
    },
    onState(newState, newError) {
      onState(newState, newError)
      if (newState === state) return
      state = newState
      if (release) broadcast()
    },
    onCaughtUp() {
      caughtUp = kept
      setTimeout(settle, GRACE, kept)
      settle()
    },
  }

  /** Applies the kept messages that follow the end of the catch-up. */
  function settle(waited?: typeof kept): void {
    if (!kept || kept !== caughtUp) return
    const { lastEventId } = connection
    const end = kept.findLastIndex(([, id, block]) =>
      // Without ids, the end is the last event of the catch-up itself.
      lastEventId ? (block?.id ?? id) === lastEventId : block && JSON.stringify(block) === seen.at(-1),
    )
    if (end < 0 && kept !== waited) return
    const messages = kept.slice(end + 1)
    kept = undefined
    messages.forEach(apply)
  }

  function ask(): void {
    if (release) return
    channel.postMessage(0)
    // At random, so that not all tabs take over.
    deadline(ANSWER * (1 + Math.random()), () => queue({ steal: true }))
  }

  function queue(options: { steal?: boolean; signal?: AbortSignal } = left): void {
    const { signal } = left
    ;(locks as LockManager)
      .request(name, options, () => {
        if (signal.aborted) return
        return new Promise((resolve) => {
          release = resolve
          kept = undefined
          overlaps = false
          deadline()
          term = Math.max(term + 1, Date.now())
          broadcast()
          connection.open()
        })
      })
      .catch(() => {
        // Another tab took over because this one did not answer.
        if (signal.aborted || !release) return
        release = undefined
        connection.pause()
        queue()
        ask()
      })
  }

  function broadcast(block?: Block): void {
    channel.postMessage([term, connection.lastEventId, block, state, seen.length])
  }

  function onMessage({ data }: { data: unknown }): void {
    const message = data as Message
    if (release) {
      if (!message) broadcast()
      return
    }
    if (!message || message[0] < term) return
    const [itsTerm, id, block, , received] = message
    const isNew = itsTerm > term
    // Events that a leader broadcasts before it introduces itself are part of the catch-up.
    if (isNew && block) return
    deadline(SILENCE, ask)
    if (
      id === connection.lastEventId
        ? // Without an id, only a new connection shows what the leader has received so far.
          !term && !id && received
        : isNew || !(kept || overlaps)
    ) {
      // This tab has missed events.
      kept = []
      connection.open(id ? '0' : '1')
    }
    term = itsTerm
    overlaps ||= isNew || !!kept
    if (kept) kept.push(message)
    else apply(message)
    settle()
  }

  function apply([, , block, state]: Exclude<Message, 0>): void {
    if (!block) {
      if (state) onState(state)
    } else if (
      !overlaps ||
      (block.data !== undefined && !(block.id && seen.includes(JSON.stringify(block))))
    ) {
      overlaps = false
      take(block)
    }
  }

  function take(block: Block): void {
    // Compare whole blocks: events with different names may share an id.
    if (block.data !== undefined) seen.push(JSON.stringify(block))
    // After a long catch-up, the leader may broadcast again more than that.
    if (!overlaps) seen.splice(0, seen.length - REMEMBERED)
    onBlock(block)
  }
}
