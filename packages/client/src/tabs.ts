import type { Connection, ConnectionOwner } from './connection.ts'
import { createDeadline } from './deadline.ts'
import type { Block } from './parser.ts'
import type { SourceState } from './typed-event-source.ts'

/** How many ms a leader may take to answer before another tab takes over: it may be frozen. */
const ANSWER = 2_000
/** After this many ms without a message, the tab asks the leader whether it is still there. */
const SILENCE = 45_000
/**
 * How many ms to wait for the broadcast of the event at which the catch-up ended: the leader may be slower than the
 * catch-up. It may also never receive that event, because the log has other channels too.
 */
const GRACE = 1_000
/** How many events are remembered, to recognize those that a new leader receives again. */
const REMEMBERED = 500

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
 * From the leader to all tabs: its term (which rises with each leader), its last event ID so far, perhaps a block, and
 * its state. 0 asks the leader for such a message.
 */
type Message = [term: number, id: string, block: Block | undefined, state: SourceState | undefined] | 0

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
  /** The newest events of this tab. */
  const seen: string[] = []
  let channel: InstanceType<typeof BroadcastChannel>
  let left: AbortController
  let release: (() => void) | undefined
  let leads = false
  let term = 0
  let state: SourceState | undefined
  /** The messages that were broadcast during a catch-up. */
  let kept: Exclude<Message, 0>[] | undefined
  let isCaughtUp = false
  /** Whether events may arrive that this tab already has. */
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
      leads = false
      term = 0
      kept = undefined
      release?.()
    },
    ask,
    onBlock(block) {
      if (leads) broadcast(block)
      take(block)
    },
    onState(newState, newError) {
      onState(newState, newError)
      if (newState === state) return
      state = newState
      if (leads) broadcast()
    },
    onCaughtUp() {
      isCaughtUp = true
      setTimeout(settle, GRACE, kept)
      settle()
    },
  }

  /** Applies the kept messages that follow the end of the catch-up. */
  function settle(waited?: typeof kept): void {
    if (!kept || !isCaughtUp) return
    const end = kept.findLastIndex(([, id, block]) => (block?.id ?? id) === connection.lastEventId)
    if (end < 0 && kept !== waited) return
    const messages = kept.slice(end + 1)
    kept = undefined
    messages.forEach(apply)
  }

  function ask(): void {
    if (leads) return
    channel.postMessage(0)
    // At random, so that not all tabs take over.
    deadline(ANSWER * (1 + Math.random()), () => queue({ steal: true }))
  }

  function queue(options: { steal?: boolean; signal?: AbortSignal } = left): void {
    const { signal } = left
    ;(locks as LockManager)
      .request(name, options, () => {
        if (signal.aborted) return
        leads = true
        kept = undefined
        deadline()
        term = Math.max(term + 1, Date.now())
        broadcast()
        connection.open()
        return new Promise((resolve) => {
          release = resolve
        })
      })
      .catch(() => {
        // Another tab took over because this one did not answer.
        if (signal.aborted || !leads) return
        leads = false
        connection.pause()
        queue()
        ask()
      })
  }

  function broadcast(block?: Block): void {
    channel.postMessage([term, connection.lastEventId, block, state])
  }

  function onMessage({ data }: { data: unknown }): void {
    const message = data as Message
    if (leads) {
      if (!message) broadcast()
      return
    }
    if (!message || message[0] < term) return
    const [itsTerm, id, block] = message
    const isNew = itsTerm > term
    // Events that a leader broadcasts before it introduces itself are part of the catch-up.
    if (isNew && block) return
    deadline(SILENCE, ask)
    if (id !== connection.lastEventId && (isNew || !(kept || overlaps))) {
      // This tab has missed events.
      kept = []
      isCaughtUp = false
      connection.open(true)
    }
    term = itsTerm
    if (isNew || kept) overlaps = true
    if (kept) kept.push(message)
    else apply(message)
    settle()
  }

  function apply([, , block, state]: Exclude<Message, 0>): void {
    if (!block) {
      if (state) onState(state)
    } else if (!overlaps || !seen.includes(JSON.stringify(block))) {
      overlaps &&= block.data === undefined
      take(block)
    }
  }

  function take(block: Block): void {
    // Compare whole blocks: events with different names may share an id.
    if (seen.push(JSON.stringify(block)) > REMEMBERED) seen.shift()
    onBlock(block)
  }
}
