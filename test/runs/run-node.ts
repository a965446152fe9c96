import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { RunState } from '@downstream/core'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { onSources } from '../sources/on-sources.ts'
import type { Order, Stopped } from './node.ts'

/** The parent's view of a process that serves runs. */
export class RunNode {
  readonly #process: ChildProcess
  readonly #answers = new Map<number, (state: RunState | undefined) => void>()
  /** What its sources have reported, by the ids of their runs. */
  readonly stopped = new Map<string, Stopped>()
  #port = 0

  static async start(framework: 'express' | 'fastify', redisPort: number, lease: number): Promise<RunNode> {
    const node = new RunNode([framework, String(redisPort), String(lease)])
    const [{ port }] = await once(node.#process, 'message')
    node.#port = port
    return node
  }

  private constructor(args: string[]) {
    this.#process = fork(join(import.meta.dirname ?? __dirname, 'node.ts'), args, {
      execArgv: onSources,
    })
    this.#process.on('message', (message: { number?: number; state?: RunState; stopped?: Stopped }) => {
      if (message.stopped !== undefined) this.stopped.set(message.stopped.id, message.stopped)
      if (message.number !== undefined) this.#answers.get(message.number)?.(message.state)
    })
  }

  order(order: Order): Promise<RunState | undefined> {
    return new Promise((resolve) => {
      const number = this.#answers.size
      this.#answers.set(number, resolve)
      this.#process.send({ order, number })
    })
  }

  /** The events of a run after an id, up to its end or to `count` of them, as an independent parser reads them. */
  async read(id: string, after = '', count = Number.POSITIVE_INFINITY): Promise<EventSourceMessage[]> {
    const leave = new AbortController()
    const headers: Record<string, string> = after === '' ? {} : { 'Last-Event-ID': after }
    const response = await fetch(`http://127.0.0.1:${this.#port}/${id}`, { headers, signal: leave.signal })
    const events: EventSourceMessage[] = []
    const parser = createParser({ onEvent: (event) => events.push(event) })
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) {
      parser.feed(decoder.decode(chunk, { stream: true }))
      if (events.length >= count) break
    }
    leave.abort()
    return events.slice(0, count)
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const exited = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await exited
  }
}
