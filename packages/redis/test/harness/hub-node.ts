import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  createHub,
  type EventStreamOptions,
  type Hub,
  type HubOptions,
  openEventStream,
} from '@downstream/core'
import { RedisLog, type RedisLogOptions } from '../../src/index.ts'
import type { FaultyProxy } from './faulty-proxy.ts'
import type { News } from './publisher.ts'
import { type RedisClientName, redisClients } from './redis-clients.ts'

export interface HubNodeOptions {
  log?: RedisLogOptions
  hub?: HubOptions
  stream?: EventStreamOptions
}

/** One process of an app, with its own Redis client, hub and HTTP server; all of them run in this process. */
export class HubNode {
  readonly hub: Hub<News>
  readonly proxy: FaultyProxy
  /** What the hub reported about its log, in order. */
  readonly states: ('up' | 'down')[] = []
  readonly errors: unknown[] = []
  readonly #server: Server
  readonly #responses = new Set<ServerResponse>()
  readonly #closeClient: () => void

  /** Resolves when it serves requests, whether its log is ready or not. */
  static async start(
    client: RedisClientName,
    proxy: FaultyProxy,
    options: HubNodeOptions = {},
  ): Promise<HubNode> {
    const node = new HubNode(client, proxy, options)
    node.#server.listen(0, '127.0.0.1')
    await once(node.#server, 'listening')
    return node
  }

  private constructor(name: RedisClientName, proxy: FaultyProxy, { log, hub, stream }: HubNodeOptions) {
    const { client, close } = redisClients[name](proxy.port)
    this.#closeClient = close
    this.proxy = proxy
    this.hub = createHub<News>({
      log: new RedisLog(client, log),
      gapDelay: 0,
      onError: (error) => this.errors.push(error),
      onLogState: (state) => this.states.push(state),
      ...hub,
    })
    this.#server = createServer((req, res) => {
      this.#responses.add(res)
      res.on('close', () => this.#responses.delete(res))
      this.hub.subscribe(openEventStream(req, res, stream), 'news', { key: req.url })
    })
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** The bytes that wait in this process for the stream with the most of them. */
  get buffered(): number {
    return Math.max(0, ...[...this.#responses].map((res) => res.writableLength))
  }

  async close(): Promise<void> {
    await this.hub.close()
    this.#closeClient()
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }
}
