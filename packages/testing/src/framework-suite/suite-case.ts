import type { CloseOptions, GroupOptions } from '@downstream/core'
import { RawClient } from '../raw-client.ts'
import type { FrameworkHost, Handler, StartFramework } from './framework-host.ts'
import { type RequestOptions, type SuiteClient, type SuiteRequest, sendRequest } from './suite-client.ts'

/** One promise of an event stream, and a check that it is kept. */
export interface SuiteCase {
  name: string
  /** The protocol or method to which the case applies. Default: all. */
  only?: FrameworkHost['protocol'] | 'QUERY'
  run(tools: SuiteTools): Promise<void>
}

/** The tools of a case. All that they open is closed after it. */
export class SuiteTools {
  /** The running app; set by {@link serve}. */
  host!: FrameworkHost
  readonly #hosts: FrameworkHost[] = []
  readonly #start: StartFramework
  readonly #closers: (() => unknown)[] = []

  constructor(start: StartFramework) {
    this.#start = start
  }

  /** Starts an app. */
  async serve(handler: Handler, options?: GroupOptions & CloseOptions): Promise<FrameworkHost> {
    this.host = await this.#start(handler, options)
    this.#hosts.push(this.host)
    return this.host
  }

  /** Sends a request. */
  send(options?: RequestOptions): SuiteRequest {
    const request = sendRequest(this.host, options)
    this.#closers.push(request.destroy)
    return request
  }

  /** Sends a request and waits for the headers of the response. */
  open(options?: RequestOptions): Promise<SuiteClient> {
    return this.send(options).response
  }

  /** Connects a bare socket. HTTP/1 only. */
  async connect(): Promise<RawClient> {
    const client = await RawClient.connect(this.host.origin)
    this.#closers.push(() => client.close())
    return client
  }

  /** Closes all that the case has opened. */
  async close(): Promise<void> {
    for (const close of this.#closers) close()
    await Promise.all(this.#hosts.map((host) => host.close()))
  }
}

/** A promise, and the function that resolves it. */
export function deferred<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
