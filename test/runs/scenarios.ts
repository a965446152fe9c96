import { setTimeout as sleep } from 'node:timers/promises'
import type { EventSourceMessage } from 'eventsource-parser'
import { RunNode } from './run-node.ts'

/** What followers of several runs have received, compared with what was produced. */
export interface Verdict {
  received: number
  missing: number
  twice: number
  outOfOrder: number
  gaps: number
  /** Runs whose end was missing, was not the last event, or was not `done`. */
  badEnds: number
}

let count = 0

/**
 * `runs` runs of `events` events, half of them produced in each process; a page of each reloads `reloads` times at
 * random positions, and reconnects through either process.
 */
export async function reload(
  nodes: readonly RunNode[],
  { runs, events, reloads }: { runs: number; events: number; reloads: number },
): Promise<Verdict> {
  const verdict: Verdict = { received: 0, missing: 0, twice: 0, outOfOrder: 0, gaps: 0, badEnds: 0 }
  const anyNode = () => nodes[Math.floor(Math.random() * nodes.length)] as RunNode
  const one = async () => {
    const id = `reload-${count++}`
    await anyNode().order({ do: 'start', id, events, pause: 0 })
    const all: EventSourceMessage[] = []
    for (let n = 0; n < reloads; n++) {
      const most = 1 + Math.floor((Math.random() * 2 * events) / (reloads + 1))
      all.push(...(await anyNode().read(id, all.at(-1)?.id, most)))
      if (all.at(-1)?.event === 'end') break
    }
    all.push(...(await anyNode().read(id, all.at(-1)?.id)))
    judge(all, events, verdict)
  }
  // Forty pages concurrently.
  const left = Array.from({ length: runs }, () => one)
  await Promise.all(
    Array.from({ length: 40 }, async () => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) await next()
    }),
  )
  return verdict
}

function judge(all: readonly EventSourceMessage[], events: number, verdict: Verdict): void {
  const seen = new Set<number>()
  let newest = -1
  for (const { event, data } of all) {
    if (event === 'gap') verdict.gaps++
    if (event !== undefined) continue
    verdict.received++
    const n = Number(data)
    if (seen.has(n)) verdict.twice++
    else if (n < newest) verdict.outOfOrder++
    seen.add(n)
    newest = Math.max(newest, n)
  }
  verdict.missing += events - seen.size
  // A client that reconnects after it has received the end receives it again.
  const ends = all.filter(({ event }) => event === 'end')
  const ended = all.at(-1)?.event === 'end' && ends.every(({ data }) => data === '{"status":"done"}')
  if (!ended || new Set(ends.map(({ id }) => id)).size !== 1) verdict.badEnds++
}

/** The results of runs that were stopped from another process. */
export interface Stops {
  /** For each run, how many ms after the call of stop() its source last yielded; below 0: before it. */
  late: number[]
  reasons: string[]
  /** The last event of each follower, in each process. */
  ends: string[]
  /** Events that a follower has beyond the number in the state of the run. */
  beyond: number
}

export async function stop(
  [producer, other]: readonly [RunNode, RunNode],
  { runs }: { runs: number },
): Promise<Stops> {
  const stops: Stops = { late: [], reasons: [], ends: [], beyond: 0 }
  for (let n = 0; n < runs; n++) {
    const id = `stop-${count++}`
    await producer.order({ do: 'start', id, events: 1e6, pause: 2 })
    const followers = [producer.read(id), other.read(id)]
    await other.read(id, '', 3 + Math.floor(Math.random() * 10))
    const calledAt = performance.timeOrigin + performance.now()
    const state = await other.order({ do: 'stop', id })
    const stop = producer.stopped.get(id)
    stops.late.push((stop?.lastYieldAt ?? Number.POSITIVE_INFINITY) - calledAt)
    stops.reasons.push(stop?.reason ?? '')
    for (const events of await Promise.all(followers)) {
      stops.ends.push(`${events.at(-1)?.event} ${events.at(-1)?.data}`)
      if (events.length - 1 !== state?.events) stops.beyond++
    }
  }
  return stops
}

/** What the followers of one run had received when its producer was killed. */
export interface Kill {
  /** How many of how many events, in the right order. */
  had: string
  end: string
  /** In ms after the kill. */
  endedAfter: number
}

/** Kills a producer of `runs` runs after `events` events of each; each is followed in all other processes. */
export async function kill(
  followers: readonly RunNode[],
  redisPort: number,
  { lease, runs, events }: { lease: number; runs: number; events: number },
): Promise<Kill[]> {
  const producer = await RunNode.start('express', redisPort, lease)
  const ids = Array.from({ length: runs }, () => `kill-${count++}`)
  await Promise.all(ids.map((id) => producer.order({ do: 'start', id, events, pause: 1, stays: true })))
  let killedAt = 0
  const following = ids.flatMap((id) =>
    followers.map(async (node): Promise<Kill> => {
      const all = await node.read(id)
      const last = all.pop()
      const inOrder = all.filter(({ data }, n) => data === String(n)).length
      return {
        had: `${inOrder} of ${all.length}`,
        end: `${last?.event} ${last?.data}`,
        endedAfter: performance.now() - killedAt,
      }
    }),
  )
  for (const id of ids) {
    while ((await producer.order({ do: 'state', id }))?.events !== events) await sleep(10)
  }
  killedAt = performance.now()
  await producer.kill()
  return Promise.all(following)
}
